/*
 * The kernel's loops in C, for `npm run bench -- kernel`: assembly/sparse.ts, similarity.ts and heap.ts, line by line, on the
 * same bytes. Compiled with -O3; -ffp-contract=off, so that sums are rounded as WebAssembly rounds them.
 *
 * argv[1]: a copy of the kernel's memory; pointers are offsets into it. One command a line, with the number of calls first:
 *   accumulate calls sets rows weights nRows indptr indices data acc touched
 *   similarity calls rIndptr rIndices rData cIndptr cIndices cData norms from to k acc touched outIndices outData outCounts
 * The answer: nanoseconds of all calls, and a digest of what the first one found.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define UNTOUCHED 0x80000000u
#define CACHE_LINE_WORDS 16

static uint8_t *memory;
static uint32_t *words(uint32_t at) { return (uint32_t *)(memory + at); }
static float *floats(uint32_t at) { return (float *)(memory + at); }
static uint32_t bitsOf(float value) { uint32_t bits; memcpy(&bits, &value, 4); return bits; }

static uint32_t accumulate(const uint32_t *rows, const float *weights, uint32_t nRows, const uint32_t *indptr,
                           const uint32_t *indices, const float *data, float *acc, uint32_t *touched) {
  uint32_t used = 0, top = 0;
  for (uint32_t r = 0; r < nRows; r++)
    for (uint32_t at = indptr[rows[r]]; at < indptr[rows[r] + 1]; at += CACHE_LINE_WORDS)
      used ^= indices[at] ^ bitsOf(data[at]);
  *(volatile uint32_t *)touched = used;
  for (uint32_t r = 0; r < nRows; r++) {
    const float weight = weights[r];
    const uint32_t end = indptr[rows[r] + 1];
    for (uint32_t at = indptr[rows[r]]; at < end; at++) {
      const uint32_t column = indices[at];
      const float before = acc[column];
      acc[column] = before + (weight * data[at] + 0.0f);
      touched[top] = column;
      top += bitsOf(before) == UNTOUCHED;
    }
  }
  return top;
}

static void clearTouched(float *acc, const uint32_t *touched, uint32_t n) {
  for (uint32_t t = 0; t < n; t++) acc[touched[t]] = -0.0f;
}

static uint64_t keyAt(const uint32_t *indexes, const uint32_t *scores, uint32_t at) {
  return (uint64_t)scores[at] << 32 | (uint32_t)~indexes[at];
}

static void put(uint32_t *indexes, uint32_t *scores, uint32_t at, uint64_t key) {
  indexes[at] = ~(uint32_t)key;
  scores[at] = (uint32_t)(key >> 32);
}

static void heapPush(uint32_t *indexes, uint32_t *scores, uint32_t hole, uint64_t key) {
  while (hole > 0) {
    const uint32_t parent = (hole - 1) >> 1;
    const uint64_t parentKey = keyAt(indexes, scores, parent);
    if (parentKey <= key) break;
    put(indexes, scores, hole, parentKey);
    hole = parent;
  }
  put(indexes, scores, hole, key);
}

static void heapReplaceRoot(uint32_t *indexes, uint32_t *scores, uint32_t n, uint64_t key) {
  uint32_t hole = 0, child = 1;
  while (child < n) {
    uint64_t childKey = keyAt(indexes, scores, child);
    if (child + 1 < n) {
      const uint64_t rightKey = keyAt(indexes, scores, child + 1);
      child += rightKey < childKey;
      childKey = rightKey < childKey ? rightKey : childKey;
    }
    if (key <= childKey) break;
    put(indexes, scores, hole, childKey);
    hole = child;
    child = 2 * hole + 1;
  }
  put(indexes, scores, hole, key);
}

static void heapSort(uint32_t *indexes, uint32_t *scores, uint32_t n) {
  for (uint32_t last = n; last > 1;) {
    last--;
    const uint64_t key = keyAt(indexes, scores, last);
    put(indexes, scores, last, keyAt(indexes, scores, 0));
    heapReplaceRoot(indexes, scores, last, key);
  }
  for (uint32_t i = 0; i < n; i++) scores[i] ^= (uint32_t)((int32_t)~scores[i] >> 31) | UNTOUCHED;
}

static uint32_t nearest(uint32_t item, const float *norms, const float *acc, const uint32_t *touched, uint32_t n, uint32_t k,
                        uint32_t *indexes, uint32_t *scores) {
  const float norm = norms[item];
  uint32_t kept = 0;
  uint64_t worst = 0;
  for (uint32_t t = 0; t < n; t++) {
    const uint32_t other = touched[t];
    const float cosine = acc[other] * norm * norms[other];
    const uint32_t bits = bitsOf(cosine);
    const uint64_t key = (uint64_t)(bits ^ ((uint32_t)((int32_t)bits >> 31) | UNTOUCHED)) << 32 | (uint32_t)~other;
    if (key < worst || other == item || !(cosine > 0)) continue;
    if (kept < k) heapPush(indexes, scores, kept++, key);
    else heapReplaceRoot(indexes, scores, k, key);
    if (kept == k) worst = keyAt(indexes, scores, 0);
  }
  heapSort(indexes, scores, kept);
  return kept;
}

static void similarity(const uint32_t *p) {
  float *acc = floats(p[10]), *norms = floats(p[6]);
  uint32_t *touched = words(p[11]), *cIndptr = words(p[3]);
  for (uint32_t item = p[7]; item < p[8]; item++) {
    const uint32_t start = cIndptr[item], block = (item - p[7]) * p[9];
    const uint32_t n = accumulate(words(p[4]) + start, floats(p[5]) + start, cIndptr[item + 1] - start, words(p[0]),
                                  words(p[1]), floats(p[2]), acc, touched);
    const uint32_t kept = nearest(item, norms, acc, touched, n, p[9], words(p[12]) + block, words(p[13]) + block);
    float *values = floats(p[13]) + block;
    double sum = 0;
    for (uint32_t i = 0; i < kept; i++) sum += values[i];
    for (uint32_t i = 0; i < kept; i++) values[i] = (float)(values[i] / sum);
    words(p[14])[item - p[7]] = kept;
    clearTouched(acc, touched, n);
  }
}

static uint32_t mixed(uint32_t digest, uint32_t word) { return (digest ^ word) * 16777619u; }

static uint32_t accumulateSet(const uint32_t *p, uint32_t set, uint32_t digest) {
  float *acc = floats(p[7]);
  uint32_t *touched = words(p[8]);
  const uint32_t n = accumulate(words(p[1]) + set * p[3], floats(p[2]), p[3], words(p[4]), words(p[5]), floats(p[6]), acc, touched);
  if (digest != 0)
    for (uint32_t t = 0; t < n; t++) digest = mixed(mixed(digest, touched[t]), bitsOf(acc[touched[t]]));
  clearTouched(acc, touched, n);
  return digest;
}

static uint32_t similarityDigest(const uint32_t *p) {
  uint32_t digest = 2166136261u;
  for (uint32_t t = 0; t < p[8] - p[7]; t++)
    for (uint32_t i = 0; i < words(p[14])[t]; i++)
      digest = mixed(mixed(digest, words(p[12])[t * p[9] + i]), words(p[13])[t * p[9] + i]);
  return digest;
}

static double nanos(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e9 * now.tv_sec + now.tv_nsec;
}

int main(int argc, char **argv) {
  struct stat file;
  const int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
  if (fd < 0 || fstat(fd, &file) != 0) return 1;
  memory = mmap(NULL, file.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (memory == MAP_FAILED) return 1;
  char name[16];
  uint32_t calls, p[15];
  while (scanf("%15s %u", name, &calls) == 2) {
    const int isSimilarity = strcmp(name, "similarity") == 0, parameters = isSimilarity ? 15 : 9;
    for (int i = 0; i < parameters; i++)
      if (scanf("%u", &p[i]) != 1) return 1;
    uint32_t digest = 0;
    if (isSimilarity) similarity(p);
    digest = isSimilarity ? similarityDigest(p) : accumulateSet(p, 0, 2166136261u);
    const double from = nanos();
    for (uint32_t call = 0; call < calls; call++) {
      if (isSimilarity) similarity(p);
      else accumulateSet(p, call % p[0], 0);
    }
    printf("%.0f %u\n", nanos() - from, digest);
    fflush(stdout);
  }
  return 0;
}
