// Elements, made in one line. Text only ever becomes text nodes.

export const byId = id => document.getElementById(id)

export function make(tag, kind, ...children) {
  const element = document.createElement(tag)
  if (kind) element.className = kind
  element.append(...children)
  return element
}

export function makeButton(label, kind, press) {
  const button = make('button', kind, label)
  button.type = 'button'
  button.addEventListener('click', () => press(button))
  return button
}

/** A button with a sign in the place of its words. */
export function makeSign(sign, label, kind, press) {
  const button = makeButton(sign, `sign ${kind}`, press)
  button.setAttribute('aria-label', label)
  button.title = label
  return button
}

/**
 * One element an item, in their order. An element stays while its item says the same, and focus goes to its successor when it does not,
 * so that nobody loses his place in a list that is told anew.
 */
export function keepUp(parent, items, keyOf, draw) {
  const before = new Map([...parent.children].map(element => [element.dataset.key, element]))
  const wanted = items.map(item => {
    const key = String(keyOf(item))
    const says = JSON.stringify(item)
    const old = before.get(key)
    if (old?.says === says) return old
    const fresh = draw(item)
    fresh.dataset.key = key
    fresh.says = says
    if (old) succeed(old, fresh)
    return fresh
  })
  const kept = new Set(wanted)
  for (const element of [...parent.children]) if (!kept.has(element)) element.remove()
  for (const [at, element] of wanted.entries()) {
    if (parent.children[at] !== element) parent.insertBefore(element, parent.children[at] ?? null)
  }
}

const reachable = 'button, a, summary'

function succeed(old, fresh) {
  const at = [...old.querySelectorAll(reachable)].indexOf(document.activeElement)
  old.replaceWith(fresh)
  if (at >= 0) fresh.querySelectorAll(reachable)[at]?.focus({ preventScroll: true })
}
