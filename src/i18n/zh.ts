import type { Words } from './en.ts'

export const zh: Words = {
  language: 'zh',
  thinking: '思考中…',
  noText: '模型没有给出回答。请再问一次，或换个说法。',
  stepLimit: steps => `我在 ${steps} 步后停下了；以下是目前的结果。`,
  stopped: '已停止。',
  interrupted: '您又说了新的内容，已停止。',
  queued: ahead => `排队中，前面还有 ${ahead} 个`,
  joined: '⤴ 已与前一条消息一起回答。',
  withdrawn: '问题已被删除，已停止。',
  paused: '⏸ 正在重启，稍后继续。',
  away: time => `我刚才不在。${time} 之前在这里说的内容我没有回答；如果仍然需要，请再问一次。`,
  failed: id => `我这边出错了，请再试一次。（错误 ${id}）`,
  modelFailed: (what, id) => `语言模型没有给出回答：${what}（错误 ${id}）`,
  setAside: id => `我无法回答这个问题：每次尝试都被中断，已将它搁置。（错误 ${id}）`,
  tooLong: (found, limit) =>
    `您的消息有 ${found.toLocaleString('zh')} 个字符，我一次最多读 ${limit.toLocaleString('zh')} 个。请分几次发送。`,
  empty: '在！请把问题写在同一条消息里，或用 `/help` 看看我能做什么。',
  stop: '停止',
  and: count => `还有 ${count} 个`,
  helpTitle: '请直接用自然语言提问；我会自己调用工具，并显示每一步。我还认识这些命令：',
  unknownCommand: (name, nearest) =>
    nearest === undefined
      ? `我不认识 \`/${name}\`。\`/help\` 列出我认识的命令。`
      : `我不认识 \`/${name}\`。您是不是想用 \`/${nearest}\`？`,
  noTools: '目前没有可用的工具。管理员可以在 `servers.config.json` 中添加 MCP 服务器。',
  noWorker: '目前没有工作进程在运行，无法回答。请管理员启动一个。',
  noSuchServer: (name, known) => `没有名为 \`${name}\` 的服务器。现有：${known}。`,
  toolCount: count => `${count} 个工具`,
  forgotten: '已忘记，我们重新开始。',
  stopping: '正在停止。',
  nothingRuns: '这里没有正在进行的回答。',
  callUsage: '请写 `/call <工具> {"参数": "值"}`；`/tools` 列出所有工具。',
  callBadJson: reason => `工具名后面必须是一个 JSON 对象：${reason}`,
  settingsTitle: '这段对话的设置；用 `/settings <名称> <值>` 修改：',
  settingValue: (name, value, choices) => `\`${name}\` 现为 **${value}**（可选：${choices}）`,
  settingSet: (name, value) => `已记下：从现在起，这里的 \`${name}\` 为 **${value}**。`,
  noSuchSetting: (name, known) => `没有名为 \`${name}\` 的设置。现有：${known}。`,
  noSuchChoice: (name, value, known) => `\`${name}\` 不能设为 \`${value}\`：请从 ${known} 中选一个。`,
  settings: {
    busy: '我还在回答时您又发来消息：让它等待（`queue`）、并入正在进行的回答（`steer`），还是停下来先回答它（`interrupt`）',
  },
  statusUp: workers => `${workers} 个工作进程在运行`,
  statusModel: model => `模型：${model}`,
  statusQueue: (waiting, running) => `等待中的消息：${waiting}；正在回答的对话：${running}`,
  serverState: { connecting: '连接中', active: '正常', error: '不可用', disabled: '已关闭' },
}
