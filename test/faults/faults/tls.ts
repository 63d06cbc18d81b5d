import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { certificate } from '../../delivery/certificates.ts'
import type { Fault } from '../fault.ts'
import { allReady, applySink, concurrency, layOut, retry, untilCondition } from '../layout.ts'
import { taking } from '../sinks/behaviour.ts'
import { underLoad } from '../verbs.ts'

export const tls: Fault = {
  id: 'F10',
  title: "a sink's certificate has expired, is for another host, is of an unknown authority, and is right again",
  cost: { recoveryMs: 10_000 },
  seconds: 20,
  async run(scene) {
    await layOut(scene)
    const key = `${scene.name}-a/one`
    const authority = { name: 'Faults CA', ...certificate({ name: 'Faults CA', ca: true }) }
    const trusted = join(scene.directory, 'ca.crt')
    writeFileSync(trusted, authority.cert)
    const hours = (count: number) => new Date(Date.now() + count * 3_600_000)
    const hosts = ['localhost']
    const good = certificate({ name: 'sink', hosts }, authority)
    const bad = [
      certificate({ name: 'sink', hosts, from: hours(-2), to: hours(-1) }, authority),
      certificate({ name: 'sink', hosts: ['other-host.example'] }, authority),
      certificate({ name: 'sink', hosts }),
    ]
    const serve = async (identity: { cert: string; key: string }) => {
      await scene.sinks.close(key)
      await scene.sinks.open(key, taking, identity)
    }
    await scene.sinks.close(key)
    const opened = await scene.sinks.open(key, taking, good)
    const http = { url: `https://localhost:${opened.port}/`, timeout: '2s' }
    await applySink(scene, key, { http, limits: { concurrency }, retry })
    await scene.operator.start({ env: { NODE_EXTRA_CA_CERTS: trusted } })
    await allReady(scene)
    return underLoad(scene, async () => {
      for (const identity of bad) {
        await serve(identity)
        await untilCondition(
          scene,
          'EventSink',
          key,
          'Delivering',
          ({ status, reason }) => status === 'False' && reason === 'TLSFailed',
        )
        await delay(scene.lasting(1000, 300))
      }
      await serve(good)
      return "a sink's certificate was expired, for another host, and signed by nobody"
    })
  },
}
