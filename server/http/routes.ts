/** Every route of the server: who may call it and what answers. */
import { Compile } from 'typebox/compile'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { parseAs, parseJson } from '../../core/contract/parse.ts'
import { ItemsRequest } from '../../core/contract/requests.ts'
import type { HttpRequest, HttpResponse, TemplatedApp } from '../../core/native/uws.ts'
import type { Redemption } from '../../core/store/ledger/redemptions.ts'
import { DEADLINE_HEADER, deadlineMsOf } from '../admission/deadline.ts'
import { LANE_OF } from '../admission/lanes.ts'
import type { ServerConfig } from '../config.ts'
import { shopPaths } from '../config.ts'
import type { Eraser } from '../erasure/eraser.ts'
import type { Generations } from '../generations/generations.ts'
import type { LedgerDesk } from '../ledger/desk.ts'
import type { LiveCampaigns } from '../live/campaigns.ts'
import type { ShopLogs } from '../live/logs.ts'
import { withOffers } from '../live/personal.ts'
import type { LiveState } from '../live/state.ts'
import type { ServerMetrics } from '../metrics.ts'
import type { WorkRoute } from '../work/messages.ts'
import type { Callers } from './callers.ts'
import { changeState, replaceCampaigns, servingCampaigns } from './campaigns.ts'
import { type Dispatch, notReady } from './dispatch.ts'
import { Exchange } from './exchange.ts'
import { type Caller, callerOf, ROLES, type Role } from './keys.ts'
import { keyOfPath } from './path-keys.ts'
import { answerCodes, answerConfirmation, answerRedemption, answerReversal } from './redemptions.ts'
import { forbidden, methodName, methodNotAllowed, unauthorized, untrusted } from './refusals.ts'
import { answerActivate, answerRollBack, answerSnapshots } from './snapshots.ts'

export interface RouteParts {
  config: ServerConfig
  dispatch: Dispatch
  generations: Generations
  campaigns: () => LiveCampaigns
  state: LiveState
  logs: ShopLogs
  desk: LedgerDesk
  eraser: Eraser
  metrics: ServerMetrics
  callers: Callers
  /** False from the moment the server stops taking work. */
  isOpen: () => boolean
  onFailure: (error: unknown) => void
}

interface Route {
  method: 'get' | 'post' | 'put' | 'del'
  path: string
  /** Empty: anybody. `admin` may call everything. */
  roles: readonly Role[]
  handle: (parts: RouteParts, exchange: Exchange, req: HttpRequest, caller: Caller) => void
}

const WORKING: readonly Role[] = ['serve', 'publish']
const CHANGING: readonly Role[] = ['publish']
const ADMIN_ALONE: readonly Role[] = ['admin']

/** A batch of 100 requests is rarely of 100 large ones; a campaign file is as a batch. */
const BATCH_BODIES = 8

const ROUTES: Route[] = [
  { method: 'get', path: '/healthz', roles: [], handle: (_, exchange) => exchange.answer(200, '{"status":"ok"}') },
  { method: 'get', path: '/readyz', roles: [], handle: ready },
  { method: 'post', path: '/v1/decide', roles: WORKING, handle: worked('decide') },
  { method: 'post', path: '/v1/recommend', roles: WORKING, handle: worked('recommend') },
  { method: 'post', path: '/v1/decide/batch', roles: WORKING, handle: worked('decideBatch', BATCH_BODIES) },
  { method: 'post', path: '/v1/recommend/batch', roles: WORKING, handle: worked('recommendBatch', BATCH_BODIES) },
  { method: 'post', path: '/v1/similar', roles: WORKING, handle: worked('similar') },
  { method: 'post', path: '/v1/quote', roles: WORKING, handle: worked('quote') },
  { method: 'post', path: '/v1/events', roles: WORKING, handle: worked('events') },
  { method: 'post', path: '/v1/redemptions', roles: WORKING, handle: redeem },
  { method: 'post', path: '/v1/redemptions/:id/confirm', roles: WORKING, handle: ofRedemption(answerConfirmation) },
  { method: 'post', path: '/v1/redemptions/:id/reverse', roles: WORKING, handle: reversal },
  { method: 'put', path: '/v1/items', roles: CHANGING, handle: changeItems },
  { method: 'get', path: '/v1/campaigns', roles: ROLES, handle: campaignsServing },
  { method: 'put', path: '/v1/campaigns', roles: CHANGING, handle: putCampaigns },
  { method: 'post', path: '/v1/campaigns/check', roles: CHANGING, handle: worked('campaignCheck', BATCH_BODIES) },
  { method: 'post', path: '/v1/campaigns/:id/state', roles: CHANGING, handle: postState },
  { method: 'post', path: '/v1/campaigns/:id/codes', roles: CHANGING, handle: postCodes },
  { method: 'get', path: '/v1/snapshots', roles: ROLES, handle: snapshots },
  { method: 'post', path: '/v1/snapshots/:id/activate', roles: CHANGING, handle: activate },
  { method: 'post', path: '/v1/snapshots/roll-back', roles: CHANGING, handle: rollBack },
  { method: 'del', path: '/v1/shoppers/:key', roles: ADMIN_ALONE, handle: eraseShopper },
  { method: 'get', path: '/metrics', roles: ROLES, handle: metrics },
]

const LOCAL: Caller = { name: 'local', role: 'admin', trusted: true }
const NOBODY: Caller = { name: 'nobody', role: 'serve', trusted: false }

export function addRoutes(app: TemplatedApp, parts: RouteParts): void {
  for (const route of ROUTES) app[route.method](route.path, (res, req) => serve(parts, route, res, req))
  for (const path of new Set(ROUTES.map((route) => route.path)))
    app.any(path, (res, req) => refuseMethod(parts, path, res, req))
  app.any('/*', (res, req) => refusePath(parts, res, req))
}

function serve(parts: RouteParts, route: Route, res: HttpResponse, req: HttpRequest): void {
  const exchange = new Exchange(res, route.path, parts.metrics, parts.callers)
  if (route.roles.length === 0) route.handle(parts, exchange, req, NOBODY)
  else {
    const caller = identify(parts, req)
    if (caller === null) exchange.refuse(unauthorized())
    else if (caller.role !== 'admin' && !route.roles.includes(caller.role)) exchange.refuse(forbidden(route, caller))
    else if (!parts.isOpen()) exchange.refuse(notReady(), { close: true })
    else route.handle(parts, exchange, req, caller)
  }
}

/** Without keys every caller is on this machine and trusted. */
function identify({ config }: RouteParts, req: HttpRequest): Caller | null {
  if (config.keys.length === 0) return LOCAL
  const bearer = /^Bearer +(\S+)$/i.exec(req.getHeader('authorization'))
  return callerOf(config.keys, bearer ? bearer[1] : req.getHeader('x-api-key'))
}

/** `bodies`: how many times the limit of one body its own may be. */
function worked(route: WorkRoute, bodies = 1): Route['handle'] {
  return (parts, exchange, req, caller) => {
    const { dispatch, config } = parts
    if (!takeDeadline(parts, exchange, req, route) || !dispatch.admits(exchange, route)) return
    exchange.readBody(req, bodies * config.bodyBytes, (body) => dispatch.submit(exchange, route, caller.trusted, body))
  }
}

/** Where the caller tells no deadline the server's own holds for what a page waits for. False: it was refused. */
function takeDeadline(parts: RouteParts, exchange: Exchange, req: HttpRequest, route: WorkRoute): boolean {
  const { deadlineMs } = parts.config
  const isHurried = deadlineMs > 0 && LANE_OF[route] === 'page'
  try {
    exchange.deadlineMs = deadlineMsOf(
      req.getHeader(DEADLINE_HEADER),
      isHurried ? deadlineMs : Number.POSITIVE_INFINITY,
    )
    return true
  } catch (error) {
    refuseAny(parts, exchange, error)
    return false
  }
}

function ready({ generations, isOpen }: RouteParts, exchange: Exchange): void {
  if (generations.current === null || !isOpen()) exchange.refuse(notReady())
  else exchange.answer(200, JSON.stringify({ status: 'ready', snapshot: generations.current.id }))
}

const itemsSchema = Compile(ItemsRequest)

function changeItems(parts: RouteParts, exchange: Exchange, req: HttpRequest): void {
  exchange.readBody(req, parts.config.bodyBytes, (body) => {
    const text = Buffer.from(body).toString()
    answerWith(parts, exchange, async () => {
      const { shop, items } = parseAs<ItemsRequest>(itemsSchema, parseJson(text))
      if (shop !== undefined && shop !== parts.config.shop)
        throw new OfferwrightError('unknown_shop', `unknown shop: ${shop}`, { field: 'shop', value: shop })
      if (parts.generations.current === null) throw notReady()
      const now = Date.now()
      await parts.logs.logItems(parts.config.shop, items, now)
      // The one that serves now: another may have come while the disk wrote.
      return {
        accepted: items.length,
        unknownItems: parts.state.catalogue.apply(parts.generations.current, items, now),
      }
    })
  })
}

function redeem(parts: RouteParts, exchange: Exchange, req: HttpRequest, { trusted }: Caller): void {
  const { desk, config } = parts
  exchange.readBody(req, config.bodyBytes, (body) => {
    const text = Buffer.from(body).toString()
    answerWith(parts, exchange, async () => {
      const room = parts.generations.current?.room
      if (room === undefined) throw notReady()
      const live = (asked: Redemption) => withOffers(asked, parts.campaigns(), parts.state, room)
      return answerRedemption(desk, text, config.shop, live, trusted, Date.now())
    })
  })
}

function ofRedemption(answer: typeof answerConfirmation | typeof answerReversal): Route['handle'] {
  return (parts, exchange, req) => {
    const id = req.getParameter(0) ?? ''
    exchange.readBody(req, parts.config.bodyBytes, (body) => {
      const text = Buffer.from(body).toString()
      answerWith(parts, exchange, async () => {
        if (parts.generations.current === null) throw notReady()
        return answer(parts.desk, keyOfPath(id, 'id'), text, Date.now())
      })
    })
  }
}

/** A key that is in a shopper's browser must not take back what the shopper used. */
function reversal(parts: RouteParts, exchange: Exchange, req: HttpRequest, caller: Caller): void {
  const mayReverse = caller.trusted || caller.role !== 'serve'
  if (mayReverse) ofRedemption(answerReversal)(parts, exchange, req, caller)
  else exchange.refuse(untrusted(caller))
}

function campaignsServing(parts: RouteParts, exchange: Exchange): void {
  answerWith(parts, exchange, async () => servingCampaigns(campaignsOf(parts)))
}

function putCampaigns(parts: RouteParts, exchange: Exchange, req: HttpRequest): void {
  const ifMatch = req.getHeader('if-match').replaceAll('"', '')
  exchange.readBody(req, BATCH_BODIES * parts.config.bodyBytes, (body) => {
    const text = Buffer.from(body).toString()
    answerWith(parts, exchange, async () => replaceCampaigns(campaignsOf(parts), text, ifMatch))
  })
}

function postState(parts: RouteParts, exchange: Exchange, req: HttpRequest): void {
  const id = req.getParameter(0) ?? ''
  exchange.readBody(req, parts.config.bodyBytes, (body) => {
    const text = Buffer.from(body).toString()
    answerWith(parts, exchange, async () => changeState(campaignsOf(parts), id, text))
  })
}

function postCodes(parts: RouteParts, exchange: Exchange, req: HttpRequest): void {
  const id = req.getParameter(0) ?? ''
  exchange.readBody(req, parts.config.bodyBytes, (body) => {
    const text = Buffer.from(body).toString()
    answerWith(parts, exchange, async () => answerCodes(parts.desk, campaignsOf(parts), id, text, Date.now()))
  })
}

function campaignsOf({ generations, campaigns }: RouteParts): LiveCampaigns {
  if (generations.current === null) throw notReady()
  return campaigns()
}

function snapshots(parts: RouteParts, exchange: Exchange): void {
  const serving = parts.generations.current?.id ?? null
  answerWith(parts, exchange, () => answerSnapshots(shopPaths(parts.config).snapshots, serving))
}

function activate(parts: RouteParts, exchange: Exchange, req: HttpRequest): void {
  const id = req.getParameter(0) ?? ''
  answerWith(parts, exchange, () => answerActivate(shopPaths(parts.config).snapshots, id, Date.now()))
}

function rollBack(parts: RouteParts, exchange: Exchange, req: HttpRequest, { name }: Caller): void {
  exchange.readBody(req, parts.config.bodyBytes, (body) => {
    const text = Buffer.from(body).toString()
    answerWith(parts, exchange, () => answerRollBack(shopPaths(parts.config).snapshots, text, name, Date.now()))
  })
}

function eraseShopper(parts: RouteParts, exchange: Exchange, req: HttpRequest): void {
  const parameter = req.getParameter(0) ?? ''
  answerWith(parts, exchange, async () => {
    if (parts.generations.current === null) throw notReady()
    return parts.eraser.erase(keyOfPath(parameter, 'key'), parts.generations.current, Date.now())
  })
}

function metrics(parts: RouteParts, exchange: Exchange): void {
  void parts.metrics.render().then(
    (text) => exchange.answer(200, text, { type: parts.metrics.contentType }),
    (error) => refuseAny(parts, exchange, error),
  )
}

function answerWith(parts: RouteParts, exchange: Exchange, work: () => Promise<object>): void {
  void work().then(
    (answer) => exchange.answer(200, JSON.stringify(answer)),
    (error) => refuseAny(parts, exchange, error),
  )
}

function refuseAny(parts: RouteParts, exchange: Exchange, error: unknown): void {
  if (!(error instanceof OfferwrightError)) parts.onFailure(error)
  const hidden = () => new OfferwrightError('internal', 'the request could not be answered; the server logged why')
  exchange.refuse(error instanceof OfferwrightError ? error : hidden())
}

function refuseMethod(parts: RouteParts, path: string, res: HttpResponse, req: HttpRequest): void {
  const exchange = new Exchange(res, path, parts.metrics, parts.callers)
  const routes = ROUTES.filter((route) => route.path === path)
  const isPublic = routes.every((route) => route.roles.length === 0)
  const allow = routes.map(methodName).join(', ')
  const method = req.getMethod().toUpperCase()
  const isHead = method === 'HEAD'
  if (!isPublic && identify(parts, req) === null) exchange.refuse(unauthorized(), { isHead })
  else exchange.refuse(methodNotAllowed(method, path, allow), { allow, isHead })
}

function refusePath(parts: RouteParts, res: HttpResponse, req: HttpRequest): void {
  const exchange = new Exchange(res, 'other', parts.metrics, parts.callers)
  const path = req.getUrl()
  const unknown = new OfferwrightError('not_found', `no such path: ${path}`, { field: 'path', value: path })
  const isHead = req.getMethod() === 'head'
  exchange.refuse(identify(parts, req) === null ? unauthorized() : unknown, { isHead })
}
