import { expect, it } from 'vitest'
import { dayWindows, isWithin, parseWhen, Zone } from '../../core/scoring/campaigns/windows.ts'

const berlin = new Zone('Europe/Berlin')
const at = (text: string) => new Date(parseWhen(text, 'startsAt', berlin)).toISOString()

it('reads a wall clock of a zone, in winter and in summer', () => {
  expect(at('2026-01-15T00:00')).toBe('2026-01-14T23:00:00.000Z')
  expect(at('2026-07-15T00:00:30')).toBe('2026-07-14T22:00:30.000Z')
  expect(at('2026-07-15T00:00:00+05:00')).toBe('2026-07-14T19:00:00.000Z')
})

it('moves a wall clock that daylight saving skips forward, and takes the first of one that comes twice', () => {
  expect(at('2026-03-29T01:59')).toBe('2026-03-29T00:59:00.000Z')
  expect(at('2026-03-29T02:30')).toBe('2026-03-29T01:30:00.000Z')
  expect(at('2026-03-29T03:00')).toBe('2026-03-29T01:00:00.000Z')
  expect(at('2026-10-25T02:30')).toBe('2026-10-25T00:30:00.000Z')
  expect(at('2026-10-25T03:00')).toBe('2026-10-25T02:00:00.000Z')
})

it('reads the zones of the other side of the world', () => {
  const lordHowe = new Zone('Australia/Lord_Howe')
  expect(new Date(parseWhen('2026-04-05T01:45', 'startsAt', lordHowe)).toISOString()).toBe('2026-04-04T14:45:00.000Z')
  expect(new Date(parseWhen('2026-07-01T00:00', 'startsAt', new Zone('America/St_Johns'))).toISOString()).toBe(
    '2026-07-01T02:30:00.000Z',
  )
})

it('refuses a zone, a day and a wall clock without a zone, with the field and the value', () => {
  expect(() => new Zone('Mars/Olympus')).toThrow('invalid zone: Mars/Olympus')
  expect(() => parseWhen('2026-02-30T00:00', 'endsAt', berlin)).toThrow('invalid endsAt: 2026-02-30T00:00')
  expect(() => parseWhen('2026-02-28T00:00', 'endsAt', null)).toThrow('a wall clock needs a zone')
})

it('opens hours by the wall clock on both sides of a change', () => {
  const evenings = dayWindows([{ from: '20:00', to: '22:00' }])
  const open = (text: string) => isWithin(evenings, berlin, Date.parse(text))
  expect(open('2026-03-28T19:00:00Z')).toBe(true)
  expect(open('2026-03-29T19:00:00Z')).toBe(true)
  expect(open('2026-03-28T18:00:00Z')).toBe(false)
  expect(open('2026-03-29T18:00:00Z')).toBe(true)
  expect(open('2026-03-29T20:00:00Z')).toBe(false)
})
