/** The traits section: the texts that are known of each shopper, by which campaigns address them. */
import { encodeStrings } from '../../core/snapshot/strings.ts'
import { type SectionTables, type StageReport, writeSection } from '../sections.ts'
import type { StageContext } from '../stage.ts'
import { readTraits, type Traits } from '../traits.ts'

/** Null: the data says nothing of shoppers, and the snapshot gets no section of it. */
export async function trainTraits({ dataset, sections }: StageContext): Promise<StageReport | null> {
  const traits = await readTraits(dataset)
  if (traits === null) return null
  await writeSection(sections, 'traits', traitTables(traits))
  return {
    metrics: {
      textValues: traits.values.length,
      textEntries: traits.codes.length,
      numberTraits: traits.numbers.size,
    },
  }
}

export function traitTables({ values, indptr, codes }: Traits): SectionTables<'traits'> {
  const { bytes, offsets } = encodeStrings(values)
  return { values_bytes: bytes, values_offsets: offsets, indptr, codes }
}
