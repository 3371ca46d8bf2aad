import { describeGenerated } from './generated.ts'

describeGenerated(150)
