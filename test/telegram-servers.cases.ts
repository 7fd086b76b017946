import { join } from 'node:path'

// What is done with each thing that a reference server offers, and what then stands in the chat.

/** One command of a person, and how it is answered. */
export interface Use {
  input?: Record<string, unknown>
  says: RegExp
  /** How many files come with it. */
  files?: number
  /** What the person does in between, in this order. */
  steps?: Step[]
  /** It takes long: beside all others, by a connection of its own. */
  apart?: true
}

/** Once the chat reads `at`: a button is pressed, or something typed. */
export type Step = { at: RegExp } & ({ press: string } | { type: string })

/** All by the name of what is used: a tool, an address, an address with gaps, a prompt. In the order in which they are used. */
export interface Cases {
  tools: Record<string, Use[]>
  resources?: Record<string, Use[]>
  templates?: Record<string, Use[]>
  prompts?: Record<string, Use[]>
}

const asks = (what: string) => new RegExp(`asks:.*${what}`, 's')

/** The fields of the form, in its order, with what a person types for each. */
const form: [field: string, typed: string][] = [
  ['String', 'Bob'],
  ['Boolean', 'yes'],
  ['String with default', '-'],
  ['String with email format', 'bob@example.com'],
  ['String with uri format', 'https://bob.example/'],
  ['String with date format', '2000-01-31'],
  ['Integer', '7'],
  ['Number in range 1-1000', '-'],
  ['Untitled Single Select Enum', 'Rachel'],
  ['Untitled Multiple Select Enum', 'Piano, Drums'],
  ['Titled Single Select Enum', 'Wonder Woman'],
  ['Titled Multiple Select Enum', '2'],
  ['Legacy Titled Single Select Enum', 'Birds'],
]

const fillIn: Step[] = [
  { at: asks('Please provide inputs'), press: 'Answer' },
  ...form.map(([field, type], at) => ({ at: new RegExp(`\\(${at + 1} of ${form.length}\\) ${field} —`), type })),
]

const visit = (at: RegExp): Step[] => [
  { at, press: 'Show the link' },
  { at: /Open it only if you trust that site/, press: 'Done' },
]

const page = 'https://login.example/a'
const document = (title: string): Use[] => [{ says: new RegExp(`Everything Server . ${title}`) }]
const documentAt = (name: string) => `demo://resource/static/document/${name}.md`

export const everything: Cases = {
  tools: {
    echo: [{ input: { message: 'ping' }, says: /Echo: ping/ }],
    'get-annotated-message': [
      { input: { messageType: 'success' }, says: /Operation completed successfully/ },
      { input: { messageType: 'error', includeImage: true }, says: /Error: Operation failed/, files: 1 },
    ],
    'get-env': [{ says: /"PATH"/ }],
    'get-resource-links': [{ input: { count: 2 }, says: /demo:\/\/resource\/dynamic\/(text|blob)\/2/ }],
    'get-resource-reference': [
      { input: { resourceType: 'Text', resourceId: 1 }, says: /Resource 1/ },
      { input: { resourceType: 'Blob', resourceId: 2 }, says: /resource\/dynamic\/blob\/2/, files: 1 },
    ],
    'get-roots-list': [{ says: /file:\/\/\/srv\/hotel/ }],
    'get-structured-content': [{ input: { location: 'Chicago' }, says: /Light rain/ }],
    'get-sum': [{ input: { a: 2, b: 3 }, says: /sum of 2 and 3 is 5/ }],
    'get-tiny-image': [{ says: /image/, files: 1 }],
    'gzip-file-as-resource': [{ input: { name: 'a.gz', data: 'data:text/plain,hello' }, says: /resource\/session\/a\.gz/ }],
    'toggle-simulated-logging': [{ says: /Started simulated/ }, { says: /Stopped simulated/ }],
    'toggle-subscriber-updates': [{ says: /Started simulated/ }, { says: /Stopped simulated/ }],
    'trigger-long-running-operation': [{ input: { duration: 0.2, steps: 2 }, says: /operation completed/ }],
    'trigger-elicitation-request': [
      {
        apart: true,
        steps: fillIn,
        says: /Name: Bob.*Favorite Integer: 7.*It was a dark.*Rachel.*Drums.*hero-3.*fish-2.*pet-3/s,
      },
      { steps: [{ at: asks('Please provide inputs'), press: 'Decline' }], says: /User declined/ },
    ],
    'trigger-url-elicitation': [
      { input: { url: page }, steps: visit(asks('login.example')), says: /accept/ },
      {
        input: { url: page, elicitationId: 'one', errorPath: true },
        steps: [...visit(asks('modelcontextprotocol.io')), ...visit(asks('login.example'))],
        says: /accept/,
      },
    ],
    'trigger-sampling-request': [
      { input: { prompt: 'A colour?', maxTokens: 9 }, steps: [{ at: asks('A colour'), press: 'Approve' }], says: /Blue\./ },
      { input: { prompt: 'A colour?', maxTokens: 9 }, steps: [{ at: asks('A colour'), press: 'Deny' }], says: /did not let/ },
    ],
    'simulate-research-query': [
      {
        input: { topic: 'python', ambiguous: true },
        steps: [{ at: asks('python.*multiple interpretations'), press: 'Python snake species' }],
        says: /Research Report: python.*Clarification: snake.*Stage 4: Generating report/s,
      },
    ],
    'trigger-sampling-request-async': [
      {
        input: { prompt: 'A colour?', maxTokens: 9 },
        steps: [{ at: asks('A colour'), press: 'Approve' }],
        says: /COMPLETED.*Task created.*Blue\./s,
      },
    ],
    'trigger-elicitation-request-async': [
      {
        steps: [
          { at: asks('async task demo'), press: 'Answer' },
          { at: /\(1 of 3\) Your Name/, type: 'Bob' },
          { at: /\(2 of 3\) Favorite Color/, type: 'Green' },
          { at: /\(3 of 3\) Terms Agreement/, type: 'yes' },
        ],
        says: /COMPLETED.*Name: Bob.*Green.*Task created/s,
      },
    ],
  },
  resources: {
    [documentAt('architecture')]: document('Architecture'),
    [documentAt('extension')]: document('Extension Points'),
    [documentAt('features')]: document('Features'),
    [documentAt('how-it-works')]: document('How It Works'),
    [documentAt('instructions')]: document('Server Instructions'),
    [documentAt('startup')]: document('Startup Process'),
    [documentAt('structure')]: document('Project Structure'),
  },
  templates: {
    'demo://resource/dynamic/text/{resourceId}': [{ input: { resourceId: '4' }, says: /Resource 4/ }],
    'demo://resource/dynamic/blob/{resourceId}': [{ input: { resourceId: '5' }, says: /./, files: 1 }],
  },
  prompts: {
    'simple-prompt': [{ says: /Heard: This is a simple prompt/ }],
    'args-prompt': [
      { input: { city: 'Oslo' }, says: /Heard: What's weather in Oslo\?/ },
      { input: { city: 'New York', state: 'NY' }, says: /Heard: What's weather in New York, NY\?/ },
    ],
    'completable-prompt': [{ input: { department: 'Sales', name: 'Eve' }, says: /Heard: .*Eve.*Sales/ }],
    'resource-prompt': [
      { input: { resourceType: 'Text', resourceId: '3' }, says: /Heard: .*Resource 3/s },
      { input: { resourceType: 'Blob', resourceId: '3' }, says: /Heard: .*resource\/dynamic\/blob\/3/s },
    ],
  },
}

/** For a folder that holds `a.txt` of two lines, "one" and "two", and a picture `p.png`. */
export function filesystem(folder: string): Cases {
  const at = (name: string) => join(folder, name)
  return {
    tools: {
      list_allowed_directories: [{ says: /bellhop-files/ }],
      read_file: [{ input: { path: at('a.txt') }, says: /two/ }],
      read_text_file: [
        { input: { path: at('a.txt'), head: 1 }, says: /one/ },
        { input: { path: '/etc/hostname' }, says: /Access denied/ },
      ],
      read_media_file: [{ input: { path: at('p.png') }, says: /./, files: 1 }],
      read_multiple_files: [{ input: { paths: [at('a.txt'), at('none.txt')] }, says: /two.*ENOENT/s }],
      write_file: [{ input: { path: at('b.txt'), content: 'three' }, says: /Successfully wrote/ }],
      edit_file: [{ input: { path: at('b.txt'), edits: [{ oldText: 'three', newText: 'four' }] }, says: /\+four/ }],
      create_directory: [{ input: { path: at('sub') }, says: /Successfully created/ }],
      move_file: [{ input: { source: at('b.txt'), destination: at('sub/b.txt') }, says: /Successfully moved/ }],
      list_directory: [{ input: { path: folder }, says: /\[DIR\] sub/ }],
      list_directory_with_sizes: [{ input: { path: folder }, says: /a\.txt.*8 B/ }],
      directory_tree: [{ input: { path: folder }, says: /"b\.txt"/ }],
      search_files: [{ input: { path: folder, pattern: '**/b.txt' }, says: /sub\/b\.txt/ }],
      get_file_info: [{ input: { path: at('a.txt') }, says: /size: 8/ }],
    },
  }
}

const bob = { name: 'Bob', entityType: 'guest', observations: ['likes tea'] }
const room = { name: 'Room', entityType: 'room', observations: [] }
const relation = { from: 'Bob', to: 'Room', relationType: 'sleeps in' }

export const memory: Cases = {
  tools: {
    create_entities: [{ input: { entities: [bob, room] }, says: /likes tea/ }],
    create_relations: [{ input: { relations: [relation] }, says: /sleeps in/ }],
    add_observations: [{ input: { observations: [{ entityName: 'Bob', contents: ['snores'] }] }, says: /snores/ }],
    read_graph: [{ says: /snores.*sleeps in/s }],
    search_nodes: [{ input: { query: 'tea' }, says: /Bob/ }],
    open_nodes: [{ input: { names: ['Bob'] }, says: /guest/ }],
    delete_observations: [
      { input: { deletions: [{ entityName: 'Bob', observations: ['snores'] }] }, says: /deleted successfully/ },
    ],
    delete_relations: [{ input: { relations: [relation] }, says: /deleted successfully/ }],
    delete_entities: [{ input: { entityNames: ['Room'] }, says: /deleted successfully/ }],
  },
  resources: { 'memory://knowledge-graph': [{ says: /^(?!.*(snores|Room)).*likes tea/s }] },
}
