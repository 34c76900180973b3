/** The schema of `LiveShopper`, for whoever reads it from a row. */
import Type from 'typebox'
import { EVENT_KINDS } from './events.ts'
import { LIVE_CONTACTS, LIVE_EVENTS, LIVE_OFFERS, LIVE_USES } from './live.ts'

const Time = Type.Number({ minimum: 0 })
const Hash64 = Type.String({ pattern: '^[0-9a-f]{16}$' })
const Hash32 = Type.String({ pattern: '^[0-9a-f]{8}$' })
const marks = (most: number) => Type.Array(Type.Object({ campaignHash: Hash32, time: Time }), { maxItems: most })

export const LoggedLiveShopper = Type.Object({
  events: Type.Array(Type.Object({ itemHash: Hash64, kind: Type.Enum(EVENT_KINDS), time: Time }), {
    maxItems: LIVE_EVENTS,
  }),
  contacts: marks(LIVE_CONTACTS),
  uses: Type.Optional(marks(LIVE_USES)),
  offers: Type.Optional(
    Type.Array(Type.Object({ itemHash: Hash64, campaignHash: Hash32, minor: Time, threshold: Time, until: Time }), {
      maxItems: LIVE_OFFERS,
    }),
  ),
  offerRoom: Type.Optional(Type.Integer({ minimum: 0, maximum: LIVE_OFFERS })),
})
