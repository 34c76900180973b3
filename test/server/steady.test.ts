import { expect, test } from 'vitest'
import { BudgetView, budgetMemory } from '../../core/store/budget-words.ts'
import { BudgetLedger } from '../../core/store/budgets.ts'
import { steadyTime } from '../../server/live/steady.ts'

const MINUTE = 60_000
const DAY = 86_400_000

test('what offers hold back comes free when their time has passed, however the wall clock is set meanwhile', () => {
  let wall = 1_700_000_000_000
  let watch = 0
  const pass = (ms: number) => {
    wall += ms
    watch += ms
  }
  const budgets = new BudgetLedger(
    budgetMemory(),
    steadyTime(
      () => wall,
      () => watch,
    ),
  )
  const slot = budgets.setBudget('spring', 100)
  const give = (minor: number, minutes: number) => {
    new BudgetView(budgets.memory).reserve(slot, minor)
    budgets.noteReserved(slot, minor, wall + minutes * MINUTE)
  }
  const left = () => {
    budgets.release(wall)
    return budgets.remaining('spring')
  }
  give(10, 30)
  pass(20 * MINUTE)
  wall += DAY
  expect(left()).toBe(90)
  give(20, 30)
  expect(left()).toBe(70)
  wall -= 2 * DAY
  give(30, 30)
  pass(9 * MINUTE)
  expect(left()).toBe(40)
  pass(2 * MINUTE)
  expect(left()).toBe(50)
  pass(20 * MINUTE)
  expect(left()).toBe(100)
})

test('trimming of the clock tells the same moment the same', () => {
  let wall = 1000
  const steady = steadyTime(
    () => wall,
    () => 0,
  )
  const told = steady(5000)
  wall += 900
  expect(steady(5000)).toBe(told)
  wall += 200
  expect(steady(5000)).toBe(told - 1100)
})
