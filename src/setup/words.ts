/** What the set-up says, in one language. */
export interface SetupWords {
  welcome(path: string, exists: boolean): string
  /** What Enter does, and where something is set already, what `-` does. `instead` is of another word that may be typed. */
  hint(empty: string, now: string | undefined, instead: string | undefined): string
  /** In place of a secret. */
  isSet: string
  /** Of a secret that is being typed. */
  unseen: string
  yes: RegExp
  no: RegExp
  /** Something else was typed. */
  yesOrNo: string
  model: { title: string; how: string; url: Wish; key: Wish; name: string; trying: string }
  discord: { title: string; how: string; token: Wish; trying: string; intent: string; invite: string }
  telegram: { title: string; how: string; token: Wish; trying: string }
  web: { title: string; how(port: number): string; open: string; key(key: string): string }
  secret: { title: string; made: string; kept: string }
  /** Something that was just entered does not work. */
  again: string
  refused(sentence: string): string
  skipped: string
  nothing: string
  summary(added: string[], replaced: string[], removed: string[]): string
  write: string
  overwrite: string
  /** `before`: where the file is kept as it was. */
  written(path: string, before: string | undefined): string
  left: string
  shadowed(names: string[]): string
  checking: string
  start: string
}

/** What is asked for, what it means to leave it empty, and which other word may be typed in its place. */
interface Wish {
  name: string
  empty: string
  instead?: string
}

const en: SetupWords = {
  welcome: (path, exists) =>
    `This sets Bellhop up in a few questions. The answers go into ${path}${exists ? ', where everything else stays as it is' : ''};\nnothing is written before the end, and Ctrl-C leaves all as it was.`,
  hint: (empty, now, instead) =>
    [now === undefined ? `Enter: ${empty}` : `Enter keeps ${now}; "-": ${empty}`, ...(instead ? [instead] : [])].join('; '),
  isSet: 'the one that is set',
  unseen: ', not shown as you type',
  yes: /^y(es)?$/i,
  no: /^no?$/i,
  yesOrNo: 'Type y or n, or press Enter.',
  model: {
    title: '1. The model',
    how: 'Any OpenAI-compatible endpoint that streams and calls tools: OpenAI, OpenRouter, or one of your own such as Ollama\n(http://127.0.0.1:11434/v1), vLLM or LM Studio. Without one, a small offline model answers.',
    url: { name: 'Address of the endpoint', empty: 'OpenAI itself', instead: '"none": no model for now' },
    key: { name: 'Key of the endpoint', empty: 'it needs none' },
    name: 'Name of the model, or several with commas between',
    trying: 'Asking it for one word and one call …',
  },
  discord: {
    title: '2. Discord',
    how: 'At https://discord.com/developers/applications make an application; under "Bot" press "Reset Token" and copy it.\nLeave "Interactions Endpoint URL" (General Information) empty.',
    token: { name: 'Token of the bot', empty: 'no Discord' },
    trying: 'Asking Discord …',
    intent:
      'It hears mentions, replies to it, DMs and commands without any privileged intent. To know what else is said around a question it needs\n"Message Content Intent" (Bot → Privileged Gateway Intents). Have you switched that on, and should it listen?',
    invite: 'Add the bot to your server by this link, which asks for what it needs and no more:',
  },
  telegram: {
    title: '3. Telegram',
    how: 'Write /newbot to @BotFather (https://t.me/BotFather), choose two names, and copy the token that it answers with.',
    token: { name: 'Token of the bot', empty: 'no Telegram' },
    trying: 'Asking Telegram …',
  },
  web: {
    title: '4. The web page',
    how: port =>
      `The page and its HTTP API are for this machine alone, on http://127.0.0.1:${port}, unless you open them to others.`,
    open: 'Open them to others, who then need a key?',
    key: key => `This is the key; it stands in .env too: ${key}`,
  },
  secret: {
    title: '5. The key for what people entrust to the bot',
    made: 'SECRET_KEY was made. Keep a copy with your backups: without it nobody can read what was sealed with it.',
    kept: 'SECRET_KEY is set already, and stays.',
  },
  again: 'Something is broken there. Enter it anew?',
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
  write: 'Write this?',
  overwrite: 'This replaces what is there. Write it? Enter alone writes nothing.',
  written: (path, before) =>
    `Written to ${path}, which only you can read.${before === undefined ? '' : ` As it was before, it is kept in ${before}.`}`,
  left: 'Nothing was written.',
  shadowed: names => `The environment sets ${names.join(', ')} too, and wins over the file.`,
  checking: 'Looking at everything once more (npm run doctor):',
  start: 'Start it by npm start, and write to the bot where it is open; npm run chat talks to it in the terminal.',
}

const zh: SetupWords = {
  welcome: (path, exists) =>
    `回答几个问题，就能把 Bellhop 配置好。答案会写入 ${path}${exists ? '，其余内容保持原样' : ''}；\n直到最后才会写入，按 Ctrl-C 则一切不变。`,
  hint: (empty, now, instead) =>
    [now === undefined ? `回车：${empty}` : `回车：保留${now}；“-”：${empty}`, ...(instead ? [instead] : [])].join('；'),
  isSet: '已设置的值',
  unseen: '，输入时不显示',
  yes: /^(?:y|yes|是|是的|好|好的)$/i,
  no: /^(?:n|no|否|不|不是)$/i,
  yesOrNo: '请输入 y 或 n，或按回车。',
  model: {
    title: '1. 模型',
    how: '任何能流式输出并调用工具的 OpenAI 兼容接口：OpenAI、OpenRouter，或自己的 Ollama\n（http://127.0.0.1:11434/v1）、vLLM、LM Studio。没有的话，由一个小的离线模型来回答。',
    url: { name: '接口地址', empty: 'OpenAI 官方', instead: 'none：暂不使用模型' },
    key: { name: '接口密钥', empty: '不需要' },
    name: '模型名称，多个用逗号分隔',
    trying: '正在请求一个词和一次工具调用……',
  },
  discord: {
    title: '2. Discord',
    how: '在 https://discord.com/developers/applications 新建应用；在 “Bot” 页按 “Reset Token” 并复制。\n“Interactions Endpoint URL”（General Information）要留空。',
    token: { name: '机器人的 token', empty: '不用 Discord' },
    trying: '正在询问 Discord……',
    intent:
      '无需任何特权 intent，它就能听到提及、对它的回复、私信和命令。若要了解问题前后的其他发言，需要\n“Message Content Intent”（Bot → Privileged Gateway Intents）。已经打开并希望它听吗？',
    invite: '用这个链接把机器人加入你的服务器，只申请它需要的权限：',
  },
  telegram: {
    title: '3. Telegram',
    how: '给 @BotFather（https://t.me/BotFather）发送 /newbot，取两个名字，复制它回复的 token。',
    token: { name: '机器人的 token', empty: '不用 Telegram' },
    trying: '正在询问 Telegram……',
  },
  web: {
    title: '4. 网页',
    how: port => `网页和 HTTP API 只供本机使用（http://127.0.0.1:${port}），除非你对外开放。`,
    open: '对外开放吗？别人需要密钥才能用。',
    key: key => `这是密钥，.env 里也有：${key}`,
  },
  secret: {
    title: '5. 用来封存用户所托之物的密钥',
    made: '已生成 SECRET_KEY。请和备份一起保存：没有它，封存的内容谁也读不出来。',
    kept: 'SECRET_KEY 已设置，保持不变。',
  },
  again: '还有问题。重新填写吗？',
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
  write: '写入吗？',
  overwrite: '这会替换原有内容。写入吗？直接回车则不写入。',
  written: (path, before) => `已写入 ${path}，只有你能读。${before === undefined ? '' : `原来的内容保存在 ${before}。`}`,
  left: '什么都没有写入。',
  shadowed: names => `环境变量里也设置了 ${names.join('、')}，它们优先于文件。`,
  checking: '再检查一遍（npm run doctor）：',
  start: '用 npm start 启动，然后在已接通的平台上给机器人发消息；npm run chat 可在终端里对话。',
}

/** By what the terminal's environment says of language: LC_ALL, LC_MESSAGES, LANG, in that order. */
export function setupWords(env: Record<string, string | undefined>): SetupWords {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || ''
  return /^zh/i.test(locale) ? zh : en
}
