import { MemoryOutbox } from '../../src/outbox/memory.ts'
import { outboxContract } from './contract.ts'

outboxContract(async (clock) => new MemoryOutbox({ now: () => clock.ms }))
