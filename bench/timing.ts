/** One at a time, after so many that are not counted; milliseconds of each. */
export async function timeEach(times: number, work: (at: number) => unknown): Promise<number[]> {
  for (let n = 0; n < times / 4; n++) await work(n)
  const took: number[] = []
  for (let n = 0; n < times; n++) {
    const began = performance.now()
    await work(n)
    took.push(performance.now() - began)
  }
  return took
}

/** CPU time of this process for each of so many, one at a time, in microseconds. */
export async function cpuOfEach(times: number, work: (at: number) => unknown): Promise<number> {
  const before = process.cpuUsage()
  for (let n = 0; n < times; n++) await work(n)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}
