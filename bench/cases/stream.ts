// Goal 7: of 20 chunks that come at once, all are seen in a final edit at most 25 ms after the last, while the chat's budget has a token.
// "Never above the platform's rate" is not measured here: the wire has no rate, and test/pacer.test.ts keeps that.
import { forEach, withFleet } from '../fleet.ts'
import { type Measure, median } from '../measure.ts'
import { column, each, interleave, type Run } from '../run.ts'
import type { Drive } from '../wires/drive.ts'

export async function measureStream(run: Run): Promise<Measure[]> {
  const order = { k: 1, turns: run.quick ? 20 : 60, pauseMs: 5, text: 'tell me [stream]' }
  const results = await withFleet(run, ['T', 'ours', 'L', 'P'], {}, fleet =>
    interleave(
      run,
      forEach(fleet, composition => composition.drive(order)),
    ),
  )
  const since = ({ turns }: Drive) => median(turns.map(({ sinceModel }) => sinceModel))
  return [
    {
      goal: 7,
      what: '20 instant chunks, the last → final edit',
      unit: 'ms',
      ours: each(results.ours, since),
      floors: column(results, ['T'], since),
      peers: column(results, ['L', 'P'], since),
      bounds: [{ atMost: 25 }],
    },
  ]
}
