import type { PitfallMutation } from './mcp-pitfalls.ts'

/** Of what a server sends. */
export const ofWords: PitfallMutation[] = [
  {
    pitfall: 8,
    taken: 'a bad tool is left out',
    change: { file: 'src/mcp/mend.ts', from: 'tools.flatMap(tool => mendTool(tool, report) ?? [])', to: 'tools' },
    test: { file: 'test/mcp-content.test.ts', sentence: 'a tool %s is left out, and said' },
  },
  {
    pitfall: 8,
    taken: 'a bad block is told in words',
    change: { file: 'src/mcp/mend.ts', from: 'blocks.map(block => mendBlock(block, report))', to: 'blocks' },
    test: { file: 'test/mcp-content.test.ts', sentence: 'a block with %s does not spoil the others' },
  },
  {
    pitfall: 8,
    taken: 'an answer in a wrong shape is read as it was meant',
    change: { file: 'src/mcp/connection.ts', from: 'loosenAnswers(capped)', to: 'capped' },
    test: { file: 'test/mcp-content.test.ts', sentence: 'with empty fields beside the result is read over the web' },
  },
  {
    pitfall: 10,
    taken: 'the SDK does not see the output schema',
    change: {
      file: 'src/mcp/mend.ts',
      from: "{ ...schema, type: 'object' },",
      to: "{ ...schema, type: 'object' }, outputSchema,",
    },
    test: { file: 'test/mcp-content.test.ts', sentence: 'one that does not match keeps its content, with a remark' },
  },
  {
    pitfall: 10,
    taken: 'we look ourselves whether it is kept',
    change: { file: 'src/mcp/calls.ts', from: 'const broken = brokenPromise(tool, result)', to: 'const broken = undefined' },
    test: { file: 'test/mcp-content.test.ts', sentence: 'one that does not match keeps its content, with a remark' },
  },
  {
    pitfall: 14,
    taken: 'a message over stdio has a limit',
    change: {
      file: 'src/mcp/stdio.ts',
      from: 'createReader(transport, maxBytes, why => {',
      to: 'createReader(transport, Infinity, why => {',
    },
    test: {
      file: 'test/mcp-process.test.ts',
      sentence: 'one that is too large ends the server, says so, and is not asked for again',
    },
  },
  {
    pitfall: 14,
    taken: 'and one over the web',
    change: { file: 'src/mcp/flow.ts', from: 'if (bytes <= maxBytes) return', to: 'if (bytes >= 0) return' },
    test: { file: 'test/mcp-content.test.ts', sentence: 'one that is too large %s is refused, said, and not asked for again' },
  },
  {
    pitfall: 14,
    taken: 'what the model reads has one',
    change: { file: 'src/mcp/result.ts', from: 'clean(cut(hideBase64(', to: 'clean((text => text)(hideBase64(' },
    test: { file: 'test/mcp-process.test.ts', sentence: 'one that is only large arrives' },
  },
  {
    pitfall: 15,
    taken: 'data is taken out of words',
    change: { file: 'src/mcp/result.ts', from: 'clean(cut(hideBase64(', to: 'clean(cut((text => text)(' },
    test: { file: 'test/mcp-content.test.ts', sentence: 'not in %s' },
  },
  {
    pitfall: 15,
    taken: 'and out of structured content, before it is written',
    change: { file: 'src/mcp/result.ts', from: 'JSON.stringify(structured, hideIn)', to: 'JSON.stringify(structured)' },
    test: { file: 'test/mcp-content.test.ts', sentence: 'not in %s' },
  },
  {
    pitfall: 15,
    taken: 'a picture is a file',
    change: {
      file: 'src/mcp/result.ts',
      from: "if (block.type === 'image' || block.type === 'audio') return [",
      to: 'if (false) return [',
    },
    test: { file: 'test/mcp-content.test.ts', sentence: 'a picture whose data is written in another way is seen: case %#' },
  },
  {
    pitfall: 16,
    taken: 'the first character is a letter',
    change: { file: 'src/mcp/names.ts', from: ".replace(/^(?![A-Za-z_])/, '_')", to: '' },
    test: {
      file: 'test/mcp-content.test.ts',
      sentence: 'one that begins with a digit or a dash gets a letter that all endpoints take',
    },
  },
  {
    pitfall: 16,
    taken: 'two names never become one',
    change: { file: 'src/mcp/names.ts', from: 'taken.has(name); round++', to: 'false; round++' },
    test: { file: 'test/mcp-content.test.ts', sentence: 'two tools of one name after cutting and cleaning stay two' },
  },
  {
    pitfall: 16,
    taken: 'other signs are replaced',
    change: { file: 'src/mcp/names.ts', from: "return name.replace(/[^A-Za-z0-9_-]/g, '_')", to: 'return name' },
    test: { file: 'test/mcp-catalogue.test.ts', sentence: 'every name fits every endpoint, and none is there twice' },
  },
  {
    pitfall: 16,
    taken: 'it has 64 characters at most',
    change: { file: 'src/mcp/names.ts', from: 'plain.length > maxChars ? withHash(plain, id, 0) : plain', to: 'plain' },
    test: {
      file: 'test/mcp-content.test.ts',
      sentence: 'one that begins with a digit or a dash gets a letter that all endpoints take',
    },
  },
  {
    pitfall: 17,
    taken: 'an array says of what',
    change: { file: 'src/mcp/schema.ts', from: "return isArray && filled['items'] === undefined ?", to: 'return false ?' },
    test: { file: 'test/mcp-content.test.ts', sentence: 'arrays that do not say of what' },
  },
  {
    pitfall: 17,
    taken: 'a reference leads somewhere',
    change: { file: 'src/mcp/schema.ts', from: "typeof part === 'string' && find(root, part) !== undefined", to: 'true' },
    test: { file: 'test/mcp-content.test.ts', sentence: 'references that lead nowhere, or out' },
  },
  {
    pitfall: 17,
    taken: 'no choice stands at the root',
    change: { file: 'src/mcp/schema.ts', from: '.filter(([key]) => !refusedAtRoot.has(key))', to: '' },
    test: { file: 'test/mcp-catalogue.test.ts', sentence: '%j is repaired' },
  },
  {
    pitfall: 17,
    taken: 'all of it is done to what is offered',
    change: { file: 'src/mcp/catalogue.ts', from: 'repairSchema(original.inputSchema)', to: 'original.inputSchema' },
    test: { file: 'test/mcp.test.ts', sentence: 'a bad tool does not take the good ones with it, on whichever page it stands' },
  },
  {
    pitfall: 17,
    taken: 'a root that only refers is written out',
    change: { file: 'src/mcp/schema.ts', from: 'repair(inlineRoot(schema), schema)', to: 'repair(schema, schema)' },
    test: {
      file: 'test/mcp-content.test.ts',
      sentence: 'a root that refers to a definition is written out, and the definitions stay',
    },
  },
  {
    pitfall: 17,
    taken: '`strict` is not set',
    change: {
      file: 'src/models/request.ts',
      from: 'function: { name: tool.name,',
      to: 'function: { strict: true, name: tool.name,',
    },
    test: {
      file: 'test/openai.test.ts',
      sentence: 'tells the endpoint the whole transcript and the tools, in a form that it accepts',
    },
  },
  {
    pitfall: 18,
    taken: 'a busy one is asked again',
    change: { file: 'src/mcp/connection.ts', from: 'heedBusy(loosenAnswers(capped))', to: 'loosenAnswers(capped)' },
    test: { file: 'test/mcp-web.test.ts', sentence: '%s: a busy one is asked again when it says, whatever the tool' },
  },
  {
    pitfall: 18,
    taken: 'when it says',
    change: { file: 'src/mcp/busy.ts', from: 'Number(header) * 1000', to: 'usualMs' },
    test: { file: 'test/mcp-web.test.ts', sentence: 'Retry-After: %s' },
  },
  {
    pitfall: 18,
    taken: 'a page is told in a sentence',
    change: { file: 'src/mcp/faults.ts', from: 'return pageIn(error) ?? messageOf(error)', to: 'return messageOf(error)' },
    test: { file: 'test/mcp-web.test.ts', sentence: '%s: a page in place of an answer is told in a sentence, without the page' },
  },
  {
    pitfall: 18,
    taken: 'a failed fetch says why',
    change: { file: 'src/mcp/faults.ts', from: 'if (error.cause instanceof Error) return messageOf(error.cause)', to: '' },
    test: { file: 'test/mcp-web.test.ts', sentence: 'a server of 2026 that restarts needs nothing of us' },
  },
  {
    pitfall: 18,
    taken: 'where it sends on to is said',
    change: { file: 'src/mcp/faults.ts', from: "return to === undefined ? ''", to: "return true ? ''" },
    test: { file: 'test/mcp-web.test.ts', sentence: 'one to somewhere else is not, no secret goes there, and it is said' },
  },
  {
    pitfall: 18,
    taken: 'no caller hastens a handshake that was put off',
    change: { file: 'src/mcp/line.ts', from: 'quiet.heed()', to: '' },
    test: { file: 'test/mcp-web.test.ts', sentence: 'a handshake is put off as well, and no caller hastens it' },
  },
  {
    pitfall: 18,
    taken: 'what the SDK says of a closed client is known',
    change: { file: 'src/mcp/retry.ts', from: "error.message === 'Not connected' || ", to: '' },
    test: {
      file: 'test/mcp-lost.test.ts',
      sentence: '18. a call on a connection that has just closed was not sent, and is made on the next one',
    },
  },
  {
    pitfall: 19,
    taken: 'what nobody sees is taken out of definitions',
    change: { file: 'src/mcp/clean.ts', from: 'return clean(short)', to: 'return short' },
    test: {
      file: 'test/mcp-content.test.ts',
      sentence: 'what nobody sees is taken out of descriptions, of titles, and of what schemas say',
    },
  },
  {
    pitfall: 19,
    taken: 'and of results',
    change: { file: 'src/mcp/result.ts', from: 'const words = clean(', to: 'const words = (text => text)(' },
    test: { file: 'test/mcp-content.test.ts', sentence: 'and of results, errors, progress and instructions' },
  },
  {
    pitfall: 19,
    taken: 'long ones are cut',
    change: { file: 'src/mcp/clean.ts', from: 'text.length <= chars ? text', to: 'true ? text' },
    test: { file: 'test/mcp-content.test.ts', sentence: 'long ones are cut, never in the middle of a character' },
  },
  {
    pitfall: 19,
    taken: 'another definition under the same name is told',
    change: { file: 'src/mcp/pins.ts', from: '.filter(name => before.has(name))', to: '.filter(() => false)' },
    test: { file: 'test/host.test.ts', sentence: 'is told to the log and in the status, one that is merely new is not' },
  },
  {
    pitfall: 19,
    taken: 'who is not trusted is asked about',
    change: { file: 'src/mcp/catalogue.ts', from: "owner === 'house' || trust", to: 'true' },
    test: { file: 'test/permission-defaults.test.ts', sentence: 'a server of %s' },
  },
  {
    pitfall: 19,
    taken: 'nobody is pinged',
    change: { file: 'adapters/discord/body.ts', from: 'const nobody = { parse: []', to: "const nobody = { parse: ['everyone']" },
    test: {
      file: 'test/discord.test.ts',
      sentence: 'answers to the message it answers, pings nobody and shows no previews, in posts and edits alike',
    },
  },
  {
    pitfall: 19,
    taken: 'a server that is not trusted is not believed either',
    change: { file: 'src/mcp/calls.ts', from: 'trusted && (readOnlyHint', to: '(readOnlyHint' },
    test: { file: 'test/mcp-lost.test.ts', sentence: 'what a server that is not trusted says of its tools does not count' },
  },
]
