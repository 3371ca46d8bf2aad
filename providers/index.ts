/** The providers this gateway knows: the only file that lists them. */
import type { Provider } from '../src/provider.ts'
import { nector } from './nector/index.ts'
import { neuroon } from './neuroon/index.ts'

export const providers: readonly Provider[] = [neuroon, nector]
