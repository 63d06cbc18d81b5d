import { outboxContract } from './contract.ts'
import { MemoryOutbox } from './memory/memory.ts'

outboxContract(async (clock) => new MemoryOutbox({ now: () => clock.ms }))
