/** Packages are looked for beside the file that asks for them: this one stands where `npm run bench:setup` puts them. */
export const load = name => import(name)
