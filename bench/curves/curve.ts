import { type Composition, closeAll, driveAndCount } from '../composition.ts'
import { median } from '../measure.ts'
import { heldBytes } from '../place.ts'
import { interleave, type Run } from '../run.ts'
import type { Order } from '../wires/drive.ts'

/** One thing that grows, and how a house is opened that has so much of it. */
export interface Curve {
  name: string
  /** What grows, with its unit. */
  axis: string
  sizes: number[]
  /** The ends and little between, for a run that only shows whether it works. */
  few: number[]
  /** What is drawn below CPU and final edit. */
  third: Figure
  open(size: number, tell: (what: string) => void): Promise<Subject>
}

export interface Subject {
  composition: Composition
  /** What makes this drive another one than all others. */
  order?: Partial<Order>
  /** So many turns at least before it is measured, beside the time that all are given to get warm. */
  warmTurns?: number
}

export type Figure = keyof typeof figures

/** What is measured at each point, all of it in the same drives. */
export const figures = {
  cpuMs: 'CPU per turn, ms',
  finalMs: 'final edit p50, ms',
  sentKb: 'sent to Redis per turn, kB',
  heldMb: 'held by Redis, MB',
  perSecond: 'turns per second, k=64',
} as const

export type Sample = Record<Figure, number> & { modelCalls: number }

export interface Point {
  size: number
  samples: Sample[]
}

/** A curve with what was found. */
export interface Measured {
  curve: Curve
  points: Point[]
}

const k = 8

async function measure({ composition, order }: Subject, forMs: number, isFast: boolean): Promise<Sample> {
  await composition.redisWork()
  const { turns, botMs, modelCalls } = await driveAndCount(composition, { k, forMs, ...order })
  const { kilobytes } = await composition.redisWork()
  const heldMb = (await heldBytes(composition)) / 1e6
  const fast = isFast ? await composition.drive({ k: 64, forMs, ...order }) : undefined
  return {
    cpuMs: botMs / turns.length,
    finalMs: median(turns.map(({ final }) => final)),
    sentKb: kilobytes / turns.length,
    heldMb,
    perSecond: fast ? (fast.turns.length / fast.tookMs) * 1000 : Number.NaN,
    modelCalls: modelCalls / turns.length,
  }
}

/** All points of the curve are open side by side, and are measured in turn, so that what disturbs the machine disturbs all of them. */
export async function measureCurve(curve: Curve, run: Run): Promise<Point[]> {
  const sizes = run.quick ? curve.few : curve.sizes
  const [warmMs, forMs] = run.quick ? [1500, 1200] : [6000, 3000]
  try {
    const works: Partial<Record<string, () => Promise<Sample>>> = {}
    for (const size of sizes) {
      run.tell(`opening ${size}`)
      const subject = await curve.open(size, run.tell)
      await subject.composition.drive({ k, forMs: warmMs, ...subject.order })
      if (subject.warmTurns) await subject.composition.drive({ k, turns: subject.warmTurns, ...subject.order })
      works[`${size}`] = () => measure(subject, forMs, curve.third === 'perSecond')
    }
    const samples = await interleave(run, works)
    return sizes.map(size => ({ size, samples: samples[`${size}`] ?? [] }))
  } finally {
    await closeAll()
  }
}

/** The median of a figure at a point. */
export const at = ({ samples }: Point, figure: keyof Sample): number => median(samples.map(sample => sample[figure]))
