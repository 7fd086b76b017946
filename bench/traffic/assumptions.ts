// What the simulation of a large bot takes for granted, all of it in one table. Human talk comes in bursts: Barabási, "The origin of bursts and heavy
// tails in human dynamics", Nature 435 (2005). Malmgren, Stouffer, Motter and Amaral, "A Poissonian explanation for heavy tails in e-mail
// communication", PNAS 105 (2008), find that a cascading nonhomogeneous Poisson process explains them: sessions begin at the pace of the day, and each goes on
// by itself with some probability. Jo, Karsai, Kertész and Kaski, "Circadian pattern and burstiness in mobile phone communication", New Journal of
// Physics 14 (2012), show that bursts remain when the day's pace is taken out, so that both are needed. It is the model of `arrivals.ts`.
// Daily rhythm of messages: Golder, Wilkinson and Huberman, "Rhythms of social interaction: messaging within a massive online network" (2007).

interface Assumption {
  value: number
  what: string
  source: string
}

const guess = 'a guess'

export const assumptions = {
  messagesPerDay: {
    value: 200,
    what: 'messages in a place a day, mean',
    source:
      '"Discord Unveiled: A Comprehensive Dataset of Public Communication (2015-2024)" (Federal University of Minas Gerais, 2025, arXiv:2502.00627): 2.05 billion messages in 3,167 large public servers within ten years, some 180 a day in each; taken as the mean of all',
  },
  spread: {
    value: 2,
    what: 'σ of the logarithm of that, place by place: few are loud, most are still',
    source: guess,
  },
  addressed: { value: 0.02, what: 'share of them that begins a talk with the bot', source: guess },
  turnsPerTalk: {
    value: 2.5,
    what: 'turns of a talk, mean (geometric)',
    source: 'Zhao et al., "WildChat: 1M ChatGPT Interaction Logs in the Wild" (2024): 1 million talks, 2.5 million turns',
  },
  followUpSeconds: {
    value: 40,
    what: 'seconds between an answer and the next question of a talk, median (log-normal, σ = 1)',
    source: guess,
  },
  peak: {
    value: 1.8,
    what: 'liveliest hour of a place through its mean hour',
    source: 'the rhythm is that of Golder et al. (2007); the figure is a guess',
  },
  groupsPerServer: { value: 0.25, what: 'Telegram groups for each Discord server, as lively', source: guess },
  modelSeconds: { value: 4, what: 'seconds of one step of the model, median (log-normal, σ = 0.7)', source: guess },
  toolsPerTurn: { value: 0.9, what: 'calls of tools in a turn, mean (geometric), each with one more step', source: guess },
  toolSeconds: { value: 1, what: 'seconds of one call of a tool, median (log-normal, σ = 1.2)', source: guess },
  turnMs: {
    value: 7.3,
    what: 'CPU of a turn, ms, all of it charged to a worker',
    source: '`bench:growth`, the dearest point with 10 tools; of 64 turns at once one costs half of that, one that is alone more',
  },
  editMs: { value: 0.2, what: 'CPU of each further edit, ms', source: guess },
  heardMs: {
    value: 0.13,
    what: 'CPU of the gateway for each message it hears, ms',
    source: 'discord.js alone, 64 messages outstanding',
  },
  redisMs: { value: 0.3, what: 'CPU of Redis for a turn, ms', source: guess },
} as const satisfies Record<string, Assumption>

export type Name = keyof typeof assumptions
export type Assumed = Record<Name, number>

export const names = Object.keys(assumptions) as Name[]

/** As the table says, but for these. */
export function assume(other: Partial<Assumed> = {}): Assumed {
  const values = Object.fromEntries(names.map(name => [name, assumptions[name].value])) as Assumed
  return { ...values, ...other }
}

/** Times of day of three parts of the world, in hours ahead of UTC, with the share of places that keep them. */
export const zones = [
  { ahead: -6, share: 0.4 },
  { ahead: 1, share: 0.4 },
  { ahead: 8, share: 0.2 },
]

/**
 * What is not assumed: what the platforms allow a bot (Discord "Rate Limits", "Sharding"; Telegram "Bots FAQ"), how the house spends that
 * (`pace.ts` of both adapters, in calls a second of all chats and seconds between edits of one), and what one worker does by default.
 */
export const limits = {
  discord: { perSecond: 50, ownPerSecond: 40, editSeconds: 1.3, serversPerConnection: 2500, identifySeconds: 5 },
  /** A group has 20 calls a minute, and its bucket fills up by one in so many seconds. */
  telegram: { perSecond: 30, ownPerSecond: 25, editSeconds: 3.6, perGroupMinute: 20 },
  turnSeconds: 600,
  concurrency: 32,
  /** More of a core than that is not planned with. */
  coreShare: 0.7,
} as const
