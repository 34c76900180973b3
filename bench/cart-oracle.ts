/**
 * A cart priced by a slow and literal reading of the rules in docs/carts.md: one object a unit, every combination tried.
 * It shares nothing with the engine but the contract's types and the one rounding rule.
 */
import { type Campaign, type CampaignFile, type Depth, POLICY_DEFAULTS } from '../core/contract/campaigns.ts'
import { emptyLiveShopper } from '../core/contract/live.ts'
import { roundMinor } from '../core/contract/money.ts'
import type { QuoteAnswer, QuoteRequest } from '../core/contract/quotes.ts'
import { compileCampaigns } from '../core/scoring/campaigns/compile.ts'
import { quote } from '../core/scoring/cart/quote.ts'
import type { Generation } from '../core/scoring/generation.ts'
import { itemIndexOf, itemKeyOf } from '../core/scoring/keys.ts'
import { stringAt } from '../core/snapshot/strings.ts'
import { Random } from './random.ts'

interface Unit {
  key: string
  category: string
  price: number
  cost: number
  net: number
  /** Largest floor of what has touched it. */
  floor: number
}

interface State {
  units: Unit[]
  shipping: number
  cap: number
  taken: { id: string; discount: number }[]
}

interface GroupOf {
  level: string
  members: Campaign[]
}

/** Null where engine and literal reading agree, else what differs. */
export function compareOne(g: Generation, seed: number): string | null {
  const random = new Random(seed)
  const file = randomCampaigns(random, g)
  const request = randomCart(random, g)
  return compare(g, file, request, priceOne(g, file, request))
}

export function priceOne(g: Generation, file: CampaignFile, request: QuoteRequest): QuoteAnswer {
  return quote(g, {
    request,
    time: TIME,
    live: emptyLiveShopper(),
    knownCodes: [],
    campaigns: compileCampaigns(g, file, 'oracle'),
    remainingMinor: Float64Array.from(file.campaigns, ({ budgetMinor }) => budgetMinor ?? Number.POSITIVE_INFINITY),
    remainingUses: new Float64Array(file.campaigns.length).fill(Number.POSITIVE_INFINITY),
  })
}

export function compare(g: Generation, file: CampaignFile, request: QuoteRequest, answer: QuoteAnswer): string | null {
  const state = literal(g, file, request)
  const promotions = answer.promotions.map(({ campaign, discountMinor }) => `${campaign} ${discountMinor}`)
  const expected = state.taken.map(({ id, discount }) => `${id} ${discount}`)
  if (answer.totalMinor !== totalOf(state) || promotions.join() !== expected.join())
    return `total ${answer.totalMinor} (${promotions}), expected ${totalOf(state)} (${expected})`
  const nets = answer.lines.flatMap(({ units }) => units.flatMap(({ units: n, netMinor }) => Array(n).fill(netMinor)))
  const wanted = state.units.map(({ net }) => net)
  if (ascending(nets).join() !== ascending(wanted).join()) return `units pay ${nets}, expected ${wanted}`
  return pierced(state) ? 'a floor is pierced' : null
}

const ascending = (numbers: number[]) => [...numbers].sort((a, b) => a - b)
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
const totalOf = ({ units, shipping }: State) => sum(units.map(({ net }) => net)) + shipping
const pierced = ({ units }: State) => units.some(({ net, floor }) => net < floor)

function literal(g: Generation, file: CampaignFile, request: QuoteRequest): State {
  const policy = { ...POLICY_DEFAULTS, ...file.policy }
  const { category, categoriesBytes, categoriesOffsets } = g.tables.catalogue
  const units = request.cart.flatMap(({ item: key, quantity = 1 }): Unit[] => {
    const item = itemIndexOf(g, key)
    const price = g.live.priceMinor[item]
    const cost = g.tables.catalogue.costMinor.view[item]
    const name = stringAt(categoriesBytes.view, categoriesOffsets.view, category.view[item])
    return Array.from({ length: quantity }, () => ({ key, category: name, price, cost, net: price, floor: 0 }))
  })
  const list = sum(units.map(({ price }) => price))
  const cap = Math.floor((list * policy.maxDiscountBps) / 10_000)
  const groups = groupsIn(file.campaigns)
  const ends = everyEnd(groups, policy, { units, shipping: request.shippingMinor ?? 0, cap, taken: [] })
  const sign = policy.stacking === 'best_for_shop' ? -1 : 1
  return ends.reduce((best, next) => {
    const gain = sign * (totalOf(best) - totalOf(next))
    return gain > 0 || (gain === 0 && next.taken.length < best.taken.length) ? next : best
  })
}

const LEVEL_OF = {
  coupon: 'item',
  time_limited: 'item',
  bundle: 'bundle',
  spend_threshold: 'basket',
  free_shipping: 'shipping',
}
const levelIn = (campaign: Campaign) =>
  campaign.mechanism === 'coupon' && campaign.scope === 'basket' ? 'basket' : LEVEL_OF[campaign.mechanism]

function groupsIn(campaigns: Campaign[]): GroupOf[] {
  const order = [...campaigns.keys()].sort(
    (a, b) => (campaigns[b].priority ?? 0) - (campaigns[a].priority ?? 0) || a - b,
  )
  return ['item', 'bundle', 'basket', 'shipping'].flatMap((level) => {
    const at = order.map((i) => campaigns[i]).filter((campaign) => levelIn(campaign) === level)
    const names = [...new Set(at.map((campaign) => campaign.group ?? level))]
    return names.map((name) => ({ level, members: at.filter((campaign) => (campaign.group ?? level) === name) }))
  })
}

type Policy = typeof POLICY_DEFAULTS

/** Every way in which the groups may follow each other, in order; by priority there is one. */
function everyEnd(groups: GroupOf[], policy: Policy, state: State): State[] {
  if (groups.length === 0) return [state]
  const [{ level, members }, ...rest] = groups
  const ways = level === 'item' ? [itemsWay(members, policy, state)] : members.map((m) => way(m, level, policy, state))
  const real = ways.filter((next) => next.taken.length > state.taken.length)
  const open =
    real.length === 0
      ? [state]
      : policy.stacking === 'priority'
        ? [real[0]]
        : policy.stacking === 'best_for_shop'
          ? real
          : [...real, state]
  return open.flatMap((next) => everyEnd(rest, policy, next))
}

const isFor = (campaign: Campaign, unit: Unit) => campaign.targets?.categories?.includes(unit.category) ?? true
const rounded = (net: number, bps: number) => roundMinor((net * bps) / 10_000)
const off = (depth: Depth, units: Unit[]) =>
  'percentBps' in depth
    ? rounded(sum(units.map(({ net }) => net)), depth.percentBps)
    : sum(units.map(({ net }) => Math.min(net, depth.amountMinor)))
const depthIn = (campaign: Campaign) => ('ladder' in campaign ? (campaign.ladder[0] as Depth) : { percentBps: 1 })
const minimumIn = (campaign: Campaign) => ('minimumSpendMinor' in campaign ? (campaign.minimumSpendMinor ?? 0) : 0)
const spent = (campaign: Campaign, units: Unit[]) => sum(units.filter((u) => isFor(campaign, u)).map(({ net }) => net))

function itemsWay(members: Campaign[], policy: Policy, state: State): State {
  const open = members.filter((member) => spent(member, state.units) >= minimumIn(member))
  const rowName = ({ key, price }: Unit) => `${key} ${price}`
  const winner = new Map<string, Campaign | undefined>()
  for (const name of new Set(state.units.map(rowName))) {
    const row = state.units.filter((unit) => rowName(unit) === name)
    const able = open.filter((member) => isFor(member, row[0]) && offAlone(member, row, policy) > 0)
    const worth = able.map((member) => offAlone(member, row, policy))
    const best = policy.stacking === 'best_for_shopper' ? Math.max(...worth) : Math.min(...worth)
    winner.set(name, policy.stacking === 'priority' ? able[0] : able[worth.indexOf(best)])
  }
  let next = copied(state)
  for (const member of open) {
    const units = next.units.filter((unit) => winner.get(rowName(unit)) === member)
    next = taking(next, member, units, off(depthIn(member), units), policy, mostOf(depthIn(member)))
  }
  return next
}

/** As far as every unit's floor lets it. */
function offAlone(member: Campaign, row: Unit[], policy: Policy): number {
  const room = roomOf(member, policy, mostOf(depthIn(member)))
  return Math.min(off(depthIn(member), row), sum(row.map(room)))
}

const mostOf = (depth: object) => ('amountMinor' in depth ? (depth.amountMinor as number) : Number.POSITIVE_INFINITY)

function way(campaign: Campaign, level: string, policy: Policy, before: State): State {
  const state = copied(before)
  if (level === 'bundle') return bundleWay(campaign, policy, state)
  if (level === 'shipping') return shippingWay(campaign, state)
  const units = state.units.filter((unit) => isFor(campaign, unit))
  const net = spent(campaign, state.units)
  if (campaign.mechanism === 'spend_threshold') {
    const { ladder, every, maxTimes = Number.POSITIVE_INFINITY } = campaign
    const times = every ? Math.min(maxTimes, Math.floor(net / ladder[0].thresholdMinor)) : 1
    const reached = ladder.filter(({ thresholdMinor }) => thresholdMinor <= net)
    const reward = every ? times * ladder[0].rewardMinor : Math.max(0, ...reached.map((tier) => tier.rewardMinor))
    return taking(state, campaign, units, Math.min(net, reward), policy, Number.POSITIVE_INFINITY)
  }
  if (net < minimumIn(campaign)) return state
  const depth = depthIn(campaign)
  const reward = 'percentBps' in depth ? rounded(net, depth.percentBps) : Math.min(net, depth.amountMinor)
  return taking(state, campaign, units, reward, policy, Number.POSITIVE_INFINITY)
}

function shippingWay(campaign: Campaign, state: State): State {
  if (campaign.mechanism !== 'free_shipping' || state.shipping === 0) return state
  if (spent(campaign, state.units) < minimumIn(campaign)) return state
  if (campaign.costMinor > (campaign.budgetMinor ?? Number.POSITIVE_INFINITY)) return state
  return { ...state, shipping: 0, taken: [...state.taken, { id: campaign.id, discount: state.shipping }] }
}

function bundleWay(campaign: Campaign, policy: Policy, state: State): State {
  if (campaign.mechanism !== 'bundle') return state
  const { buy, get, maxTimes = Number.POSITIVE_INFINITY } = campaign
  const inside = (categories: string[] | undefined, { category }: Unit) => categories?.includes(category) ?? true
  const own = campaign.targets?.categories
  const cheapestFirst = ordered(state.units)
    .filter((unit) => inside(get.targets?.categories ?? own, unit))
    .reverse()
    .sort((a, b) => a.net - b.net)
  for (let times = Math.min(maxTimes, state.units.length); times > 0; times--) {
    const given = cheapestFirst.slice(0, times * get.quantity)
    const bought = state.units.filter((unit) => inside(buy.targets?.categories ?? own, unit) && !given.includes(unit))
    if (given.length < times * get.quantity || bought.length < times * buy.quantity) continue
    const depth: Depth = 'percentBps' in get ? { percentBps: get.percentBps } : { amountMinor: get.amountMinor }
    return taking(state, campaign, given, off(depth, given), policy, mostOf(depth))
  }
  return state
}

/** By key, the dearer price first, who pays more first, then whose floor is higher. */
function ordered(units: Unit[]): Unit[] {
  return [...units].sort((a, b) =>
    a.key < b.key ? -1 : a.key > b.key ? 1 : b.price - a.price || b.net - a.net || b.floor - a.floor,
  )
}

const copied = (state: State): State => ({ ...state, units: state.units.map((unit) => ({ ...unit })) })

/** Takes `wanted` off `units` of `state`, as far as the cap, the budget and the floors let it. */
function taking(state: State, campaign: Campaign, units: Unit[], wanted: number, policy: Policy, most: number): State {
  const amount = Math.min(wanted, state.cap)
  if (amount <= 0 || amount > (campaign.budgetMinor ?? Number.POSITIVE_INFINITY)) return state
  const bps = Math.max(campaign.marginFloorBps ?? 0, policy.marginFloorBps)
  const floors = new Map(units.map((unit) => [unit, floorFor(unit, bps)]))
  const room = roomOf(campaign, policy, most)
  const given = new Map<Unit, number>()
  let open = ordered(units).filter((unit) => room(unit) > 0)
  let left = amount
  while (left > 0 && open.length > 0) {
    const shares = sharesOf(Math.min(left, sum(open.map(({ net }) => net))), open)
    const over = open.filter((_, i) => shares[i] >= room(open[i]))
    if (over.length === 0) {
      open.forEach((unit, i) => {
        given.set(unit, shares[i])
      })
      left = 0
      break
    }
    for (const unit of over) {
      given.set(unit, room(unit))
      left -= room(unit)
    }
    open = open.filter((unit) => !over.includes(unit))
  }
  const discount = sum([...given.values()])
  if (discount === 0) return state
  for (const [unit, share] of given) {
    unit.net -= share
    if (share > 0) unit.floor = Math.max(unit.floor, floors.get(unit) as number)
  }
  return { ...state, cap: state.cap - discount, taken: [...state.taken, { id: campaign.id, discount }] }
}

function roomOf({ marginFloorBps = 0 }: Campaign, policy: Policy, most: number): (unit: Unit) => number {
  const bps = Math.max(marginFloorBps, policy.marginFloorBps)
  return (unit) => Math.min(most, Math.max(0, unit.net - Math.max(unit.floor, floorFor(unit, bps))))
}

/** Whole parts of what is proportional to each net, and the rest to the largest remainders, the first on ties. */
function sharesOf(total: number, units: Unit[]): number[] {
  const net = sum(units.map((unit) => unit.net))
  const whole = units.map((unit) => Math.floor((total * unit.net) / net))
  const remainders = units.map((unit) => (total * unit.net) % net)
  const order = [...units.keys()].sort((a, b) => remainders[b] - remainders[a] || a - b)
  for (const i of order.slice(0, total - sum(whole))) whole[i]++
  return whole
}

function floorFor({ cost, price }: Unit, bps: number): number {
  if (cost < 0) return bps > 0 ? price : 0
  let floor = cost
  while (bps > 0 && floor <= price && (floor - cost) * 10_000 < floor * bps) floor++
  return floor
}

const TIME = Date.parse('2026-06-01T12:00:00Z')

export function randomCart(random: Random, g: Generation): QuoteRequest {
  const lines = 1 + random.below(4)
  const cart = Array.from({ length: lines }, () => ({
    item: itemKeyOf(g, random.below(g.nItems)),
    quantity: 1 + random.below(4),
  }))
  return { cart, shippingMinor: random.below(2) * 395 }
}

/** One to five campaigns of any mechanism, some with targets, floors, groups, priorities and budgets. */
export function randomCampaigns(random: Random, g: Generation): CampaignFile {
  const { categoriesBytes, categoriesOffsets } = g.tables.catalogue
  const pick = <T>(values: T[]) => values[random.below(values.length)]
  const maybe = (share: number) => random.uniform() < share
  const categories = () => ({
    categories: [
      stringAt(categoriesBytes.view, categoriesOffsets.view, random.below(categoriesOffsets.view.length - 1)),
    ],
  })
  const depth = (): Depth =>
    maybe(0.6) ? { percentBps: 100 * (1 + random.below(60)) } : { amountMinor: 1 + random.below(900) }
  const campaigns = Array.from({ length: 1 + random.below(5) }, (_, i): Campaign => {
    const common = {
      id: `c${i}`,
      state: 'live' as const,
      startsAt: '2026-01-01T00:00:00Z',
      endsAt: '2027-01-01T00:00:00Z',
      ...(maybe(0.4) ? { targets: categories() } : {}),
      ...(maybe(0.3) ? { marginFloorBps: 500 * random.below(12) } : {}),
      ...(maybe(0.3) ? { group: pick(['x', 'y']) } : {}),
      ...(maybe(0.3) ? { priority: random.below(3) } : {}),
      ...(maybe(0.1) ? { budgetMinor: random.below(800) } : {}),
    }
    const minimum = maybe(0.3) ? { minimumSpendMinor: 1 + random.below(6000) } : {}
    const thresholdMinor = 500 + random.below(6000)
    const rewardMinor = 1 + random.below(Math.min(900, thresholdMinor - 1))
    switch (random.below(6)) {
      case 0:
        return { ...common, mechanism: 'coupon', ...minimum, ladder: [depth()] }
      case 1:
        return { ...common, mechanism: 'coupon', scope: 'basket', ...minimum, ladder: [depth()] }
      case 2:
        return { ...common, mechanism: 'time_limited', ladder: [depth()] }
      case 3: {
        const every = maybe(0.4)
        const more = { thresholdMinor: thresholdMinor + 1500, rewardMinor: rewardMinor + 50 }
        const ladder = every || maybe(0.5) ? [{ thresholdMinor, rewardMinor }] : [{ thresholdMinor, rewardMinor }, more]
        return {
          ...common,
          mechanism: 'spend_threshold',
          ladder,
          ...(every ? { every, maxTimes: 1 + random.below(3) } : {}),
        }
      }
      case 4: {
        const sides = maybe(0.5) ? {} : { targets: categories() }
        const get = maybe(0.7) ? { percentBps: 2500 * (1 + random.below(4)) } : { amountMinor: 1 + random.below(500) }
        return {
          ...common,
          mechanism: 'bundle',
          buy: { quantity: 1 + random.below(2), ...(maybe(0.5) ? {} : { targets: categories() }) },
          get: { quantity: 1 + random.below(2), ...sides, ...get },
          ...(maybe(0.5) ? { maxTimes: 1 + random.below(3) } : {}),
        }
      }
      default:
        return { ...common, mechanism: 'free_shipping', ...minimum, costMinor: 300 }
    }
  })
  const policy = {
    holdoutBps: 0,
    stacking: pick(['best_for_shopper', 'best_for_shop', 'priority'] as const),
    maxDiscountBps: maybe(0.2) ? 500 * (1 + random.below(8)) : 10_000,
    marginFloorBps: maybe(0.2) ? 500 * random.below(8) : 0,
  }
  return { version: 1, currency: 'GBP', policy, campaigns }
}
