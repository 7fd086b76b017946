/** How every answer of the model ends, and nothing else does. */
export const lastWord = 'finis'
