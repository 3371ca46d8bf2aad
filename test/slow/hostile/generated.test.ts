import { describeGenerated } from '../../hostile/generated.ts'

describeGenerated(3_000)
