// Goal 6: while a turn runs that takes two seconds, another chat has its first reply within 10 ms.
import { forEach, withFleet } from '../fleet.ts'
import type { Measure } from '../measure.ts'
import { column, each, interleave, type Run } from '../run.ts'
import type { Drive } from '../wires/drive.ts'

export async function measureOtherChat(run: Run): Promise<Measure[]> {
  const results = await withFleet(run, ['T', 'ours', 'P'], {}, fleet =>
    interleave(
      run,
      forEach(fleet, composition => composition.driveBeside()),
    ),
  )
  const first = ({ turns }: Drive) => turns[0]?.first ?? Number.NaN
  return [
    {
      goal: 6,
      what: "another chat's first reply while a turn runs 2 s (Telegram)",
      unit: 'ms',
      ours: each(results.ours, first),
      floors: column(results, ['T'], first),
      peers: column(results, ['P'], first),
      bounds: [{ atMost: 10 }],
    },
  ]
}
