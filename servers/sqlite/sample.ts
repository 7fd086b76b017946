import { existsSync, linkSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Makes a small hotel where no database is yet: 12 rooms, 24 guests, 40 bookings, 60 orders, the same every time.
 * Returns true if this process made it. Two processes may try at once: each builds its own file, and linking it into place succeeds for one.
 */
export function ensureSample(path: string): boolean {
  if (existsSync(path)) return false
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.draft`
  rmSync(draft, { force: true })
  try {
    build(draft)
    linkSync(draft, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function build(path: string): void {
  const db = new DatabaseSync(path)
  db.exec(`BEGIN; ${schema}`)
  insert(db, 'rooms', rooms())
  insert(db, 'guests', guests())
  insert(db, 'bookings', bookings())
  insert(db, 'orders', orders())
  db.exec('COMMIT')
  db.close()
}

function insert(db: DatabaseSync, table: string, rows: (string | number)[][]): void {
  const marks = rows[0]?.map(() => '?').join(', ')
  const statement = db.prepare(`INSERT INTO ${table} VALUES (${marks})`)
  for (const row of rows) statement.run(...row)
}

const schema = `
CREATE TABLE rooms (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  floor INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('single', 'double', 'suite')),
  price_per_night REAL NOT NULL
);
CREATE TABLE guests (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  country TEXT NOT NULL,
  email TEXT NOT NULL UNIQUE
);
CREATE TABLE bookings (
  id INTEGER PRIMARY KEY,
  room_id INTEGER NOT NULL REFERENCES rooms (id),
  guest_id INTEGER NOT NULL REFERENCES guests (id),
  arrives TEXT NOT NULL,
  leaves TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('booked', 'stayed', 'cancelled'))
);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  booking_id INTEGER NOT NULL REFERENCES bookings (id),
  item TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  price REAL NOT NULL
);`

const kinds = ['single', 'double', 'double', 'suite'] as const
const prices = { single: 79, double: 119, suite: 240 }

function rooms(): (string | number)[][] {
  return Array.from({ length: 12 }, (_, i) => {
    const floor = Math.floor(i / 4) + 1
    const kind = pick(kinds, i)
    return [i + 1, `${floor}0${(i % 4) + 1}`, floor, kind, prices[kind] + (floor - 1) * 10]
  })
}

const people = `Ada Lovelace,Alan Turing,Grace Hopper,Edsger Dijkstra,Barbara Liskov,Donald Knuth,Radia Perlman,Ken Thompson,Margaret Hamilton,
Niklaus Wirth,Hedy Lamarr,Claude Shannon,Frances Allen,John Backus,Karen Jones,Tony Hoare,Adele Goldberg,Dennis Ritchie,Jean Bartik,Robin Milner,
Shafi Goldwasser,Leslie Lamport,Andrew Yao,Lynn Conway`
const countries = ['United Kingdom', 'United States', 'Netherlands', 'China', 'Switzerland', 'Austria']

function guests(): (string | number)[][] {
  return people.split(/,\s*/).map((name, i) => {
    const email = `${name.toLowerCase().replace(' ', '.')}@example.com`
    return [i + 1, name, pick(countries, i * 5 + Math.floor(i / 3)), email]
  })
}

/** The steps are coprime to the numbers of rooms and guests, so that everyone comes about. */
function bookings(): (string | number)[][] {
  return Array.from({ length: 40 }, (_, i) => {
    const arrival = i * 3
    const status = i % 9 === 4 ? 'cancelled' : i < 30 ? 'stayed' : 'booked'
    return [i + 1, ((i * 5) % 12) + 1, ((i * 7) % 24) + 1, day(arrival), day(arrival + 1 + (i % 4)), status]
  })
}

const menu = [
  ['breakfast', 14],
  ['dinner', 32],
  ['laundry', 18],
  ['airport transfer', 45],
  ['spa', 60],
] as const

function orders(): (string | number)[][] {
  return Array.from({ length: 60 }, (_, i) => {
    const [item, price] = pick(menu, i * 3 + Math.floor(i / 7))
    return [i + 1, ((i * 11) % 30) + 1, item, (i % 3) + 1, price]
  })
}

function day(offset: number): string {
  return new Date(Date.UTC(2026, 2, 1 + offset)).toISOString().slice(0, 10)
}

function pick<T>(list: readonly T[], index: number): T {
  const item = list[index % list.length]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}
