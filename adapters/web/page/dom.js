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
