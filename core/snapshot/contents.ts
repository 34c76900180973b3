/** Does the manifest list what the format has: every section and tensor once, of the right type and shape, no other? */
import { OfferwrightError } from '../contract/errors.ts'
import {
  type Dimension,
  INDEX_SECTION,
  isNumericSection,
  type NumericSection,
  REQUIRED_SECTIONS,
  SECTIONS,
  tensorsOfSection,
} from './layout.ts'
import type { Manifest, Section } from './manifest.ts'
import { bytesPerElement, lengthOf } from './tensors.ts'

type Sizes = Record<Exclude<Dimension, '*'>, number>

/** Throws `snapshot_corrupt`, naming the section. */
export function checkContents(manifest: Manifest): void {
  const { sections, items, shoppers } = manifest.segments[0]
  const sizes = { items, 'items+1': items + 1, shoppers, 'shoppers+1': shoppers + 1, dim: manifest.model.vectors.dim }
  checkNames(sections)
  for (const section of sections) {
    if (isNumericSection(section.name)) checkTensors(section, section.name, sizes)
    else checkIndex(section)
  }
}

function checkNames(sections: Section[]): void {
  const missing = REQUIRED_SECTIONS.find((name) => !sections.some((section) => section.name === name))
  if (missing !== undefined) throw refused(missing, 'is missing')
  const files = new Set<string>()
  for (const [position, { name, file }] of sections.entries()) {
    if (!SECTIONS.some((known) => known === name)) throw refused(name, 'is not known')
    if (sections.findIndex((section) => section.name === name) !== position) throw refused(name, 'is listed twice')
    if (files.has(file)) throw refused(name, `shares the file ${file}`)
    files.add(file)
  }
}

function checkTensors(section: Section, name: NumericSection, sizes: Sizes): void {
  const layout = new Map(tensorsOfSection(name))
  if (section.format !== 'safetensors') throw refused(name, `has the format ${section.format}, expected safetensors`)
  for (const [tensor, { dtype, shape }] of layout) {
    const entry = section.tensors.find((candidate) => candidate.name === tensor)
    if (entry === undefined) throw refused(name, `has no tensor ${tensor}`)
    if (entry.dtype !== dtype) throw refused(name, `tensor ${tensor} is ${entry.dtype}, expected ${dtype}`)
    if (!fits(entry.shape, shape, sizes))
      throw refused(name, `tensor ${tensor} has the shape [${entry.shape}], expected [${expected(shape, sizes)}]`)
  }
  const surplus = section.tensors.find(({ name: tensor }, at) => !layout.has(tensor) || at >= layout.size)
  if (surplus !== undefined) throw refused(name, `has the unknown or repeated tensor ${surplus.name}`)
  const bytes = section.tensors.reduce((sum, t) => sum + lengthOf(t.shape) * bytesPerElement(t.dtype), 0)
  if (bytes > section.bytes) throw refused(name, `has ${section.bytes} bytes, its tensors need ${bytes}`)
}

function fits(shape: number[], layout: readonly Dimension[], sizes: Sizes): boolean {
  return shape.length === layout.length && layout.every((d, axis) => d === '*' || shape[axis] === sizes[d])
}

function expected(layout: readonly Dimension[], sizes: Sizes): string {
  return layout.map((dimension) => (dimension === '*' ? '*' : sizes[dimension])).join(',')
}

function checkIndex(section: Section): void {
  if (section.format !== 'hnsw') throw refused(INDEX_SECTION, `has the format ${section.format}, expected hnsw`)
  if (section.tensors.length > 0) throw refused(INDEX_SECTION, 'lists tensors, a hnsw file has none')
}

function refused(section: string, message: string): OfferwrightError {
  return new OfferwrightError('snapshot_corrupt', `section ${section} ${message}`, { field: section })
}
