/** What ends an address in Chinese and Japanese, where no blank has to; Telegram would take it for a part of it. */
const ending = String.raw`\u3000-\u303f\uff00-\uff20\uff3b-\uff40\uff5b-\uff65\u2018-\u201f\u2026`
const letters = String.raw`\u3040-\u9fff`

/** A pattern, to be one of several: an address within words, up to another script in the name of its host; `isEnded` where its end would not be found. */
export const addresses = [
  String.raw`(?<address>https?:\/\/(?:[\w.-]+\.[a-z]{2,}(?=[${letters}])|[^\s$<>*${ending}]+))`,
  `(?:(?<isEnded>(?=[${letters}${ending}]))|)`,
].join('')
