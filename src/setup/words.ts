/** What the set-up says, in one language. */
export interface SetupWords {
  welcome(path: string, exists: boolean): string
  keep: string
  isSet: string
  yes: RegExp
  model: { title: string; how: string; url: string; key: string; name: string; trying: string }
  discord: { title: string; how: string; token: string; trying: string; intent: string; invite: string }
  telegram: { title: string; how: string; token: string; trying: string; after: string }
  web: { title: string; how: string; open: string; key(key: string): string }
  secret: { title: string; made: string; kept: string }
  /** Something that was just entered does not work. */
  again: string
  refused(sentence: string): string
  skipped: string
  nothing: string
  summary(added: string[], replaced: string[], removed: string[]): string
  write: string
  overwrite: string
  written(path: string): string
  left: string
  shadowed(names: string[]): string
  checking: string
  start: string
}

const en: SetupWords = {
  welcome: (path, exists) =>
    `This sets Bellhop up in a few questions. The answers go into ${path}${exists ? ', where everything else stays as it is' : ''};\nnothing is written before the end, and Ctrl-C leaves all as it was.`,
  keep: 'Enter keeps it, - takes it out.',
  isSet: 'is set',
  yes: /^y/i,
  model: {
    title: '1. The model',
    how: 'Any OpenAI-compatible endpoint that streams and calls tools: OpenAI, OpenRouter, or one of your own such as Ollama\n(http://127.0.0.1:11434/v1), vLLM or LM Studio. Without one, a small offline model answers.',
    url: 'Address of the endpoint (Enter: OpenAI itself; "none": no model for now)',
    key: 'Key of the endpoint (Enter: it needs none)',
    name: 'Name of the model, or several with commas between',
    trying: 'Asking it for one word and one call …',
  },
  discord: {
    title: '2. Discord',
    how: 'At https://discord.com/developers/applications make an application; under "Bot" press "Reset Token" and copy it.\nLeave "Interactions Endpoint URL" (General Information) empty.',
    token: 'Token of the bot (Enter: no Discord)',
    trying: 'Asking Discord …',
    intent:
      'It hears mentions, replies to it, DMs and commands without any privileged intent. To know what else is said around a question it needs\n"Message Content Intent" (Bot → Privileged Gateway Intents). Have you switched that on, and should it listen? [y/N]',
    invite: 'Add the bot to your server by this link, which asks for what it needs and no more:',
  },
  telegram: {
    title: '3. Telegram',
    how: 'Write /newbot to @BotFather (https://t.me/BotFather), choose two names, and copy the token that it answers with.',
    token: 'Token of the bot (Enter: no Telegram)',
    trying: 'Asking Telegram …',
    after:
      'In groups it hears mentions, replies to it and commands. To let it hear all, write /setprivacy to @BotFather, choose the bot and\n"Disable", then take it out of the group and add it again.',
  },
  web: {
    title: '4. The web page',
    how: 'The page and its HTTP API are for this machine alone, on http://127.0.0.1:8000, unless you open them to others.',
    open: 'Open them to others, who then need a key? [y/N]',
    key: key => `This is the key; it stands in .env too: ${key}`,
  },
  secret: {
    title: '5. The key for what people entrust to the bot',
    made: 'SECRET_KEY was made. Keep a copy with your backups: without it nobody can read what was sealed with it.',
    kept: 'SECRET_KEY is set already, and stays.',
  },
  again: 'Something is broken there. Enter it anew? [Y/n]',
  refused: sentence => `That does not do: ${sentence}`,
  skipped: 'Left out.',
  nothing: 'Nothing has changed.',
  summary: (added, replaced, removed) =>
    [
      ['New', added],
      ['Replaced', replaced],
      ['Taken out', removed],
    ]
      .filter(([, names]) => names?.length)
      .map(([what, names]) => `${what}: ${(names as string[]).join(', ')}`)
      .join('\n'),
  write: 'Write this? [Y/n]',
  overwrite: 'This replaces what is there. Write it? [y/N]',
  written: path => `Written to ${path}, which only you can read.`,
  left: 'Nothing was written.',
  shadowed: names => `The environment sets ${names.join(', ')} too, and wins over the file.`,
  checking: 'Looking at everything once more (npm run doctor):',
  start: 'Start it by npm start.',
}

const zh: SetupWords = {
  welcome: (path, exists) =>
    `回答几个问题，就能把 Bellhop 配置好。答案会写入 ${path}${exists ? '，其余内容保持原样' : ''}；\n直到最后才会写入，按 Ctrl-C 则一切不变。`,
  keep: '回车保留，- 表示去掉。',
  isSet: '已设置',
  yes: /^(?:y|是|好)/i,
  model: {
    title: '1. 模型',
    how: '任何能流式输出并调用工具的 OpenAI 兼容接口：OpenAI、OpenRouter，或自己的 Ollama\n（http://127.0.0.1:11434/v1）、vLLM、LM Studio。没有的话，由一个小的离线模型来回答。',
    url: '接口地址（回车：OpenAI 官方；none：暂不使用模型）',
    key: '接口密钥（回车：不需要）',
    name: '模型名称，多个用逗号分隔',
    trying: '正在请求一个词和一次工具调用……',
  },
  discord: {
    title: '2. Discord',
    how: '在 https://discord.com/developers/applications 新建应用；在 “Bot” 页按 “Reset Token” 并复制。\n“Interactions Endpoint URL”（General Information）要留空。',
    token: '机器人的 token（回车：不用 Discord）',
    trying: '正在询问 Discord……',
    intent:
      '无需任何特权 intent，它就能听到提及、对它的回复、私信和命令。若要了解问题前后的其他发言，需要\n“Message Content Intent”（Bot → Privileged Gateway Intents）。已经打开并希望它听吗？[y/N]',
    invite: '用这个链接把机器人加入你的服务器，只申请它需要的权限：',
  },
  telegram: {
    title: '3. Telegram',
    how: '给 @BotFather（https://t.me/BotFather）发送 /newbot，取两个名字，复制它回复的 token。',
    token: '机器人的 token（回车：不用 Telegram）',
    trying: '正在询问 Telegram……',
    after:
      '在群里它只听到提及、对它的回复和命令。若要听到全部发言，给 @BotFather 发送 /setprivacy，选中机器人并选\n“Disable”，再把它移出群后重新加入。',
  },
  web: {
    title: '4. 网页',
    how: '网页和 HTTP API 只供本机使用（http://127.0.0.1:8000），除非你对外开放。',
    open: '对外开放吗？别人需要密钥才能用。[y/N]',
    key: key => `这是密钥，.env 里也有：${key}`,
  },
  secret: {
    title: '5. 用来封存用户所托之物的密钥',
    made: '已生成 SECRET_KEY。请和备份一起保存：没有它，封存的内容谁也读不出来。',
    kept: 'SECRET_KEY 已设置，保持不变。',
  },
  again: '还有问题。重新填写吗？[Y/n]',
  refused: sentence => `这样不行：${sentence}`,
  skipped: '略过。',
  nothing: '没有任何改动。',
  summary: (added, replaced, removed) =>
    [
      ['新增', added],
      ['替换', replaced],
      ['去掉', removed],
    ]
      .filter(([, names]) => names?.length)
      .map(([what, names]) => `${what}：${(names as string[]).join('、')}`)
      .join('\n'),
  write: '写入吗？[Y/n]',
  overwrite: '这会替换原有内容。写入吗？[y/N]',
  written: path => `已写入 ${path}，只有你能读。`,
  left: '什么都没有写入。',
  shadowed: names => `环境变量里也设置了 ${names.join('、')}，它们优先于文件。`,
  checking: '再检查一遍（npm run doctor）：',
  start: '用 npm start 启动。',
}

/** By what the terminal's environment says of language: LC_ALL, LC_MESSAGES, LANG, in that order. */
export function setupWords(env: Record<string, string | undefined>): SetupWords {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || ''
  return /^zh/i.test(locale) ? zh : en
}
