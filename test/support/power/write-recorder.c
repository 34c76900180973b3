/*
 * Preloaded into a process (LD_PRELOAD), writes down every call that changes a file below RECORD_FOLDER to RECORD_FILE, in the
 * order in which the calls took effect, so that a test can rebuild what a power cut would have left; refuses one where it is asked to.
 *
 * A record: u8 call, u8 zero, u16 length of the path, u32 length of the data, u64 argument, u64 CLOCK_MONOTONIC in nanoseconds,
 * then the path and the data. Calls and their argument:
 *   c  a file was made                         t  a file was cut to argument bytes
 *   w  data was written at offset argument     r  path was renamed to data
 *   s  a sync of number argument began         u  path was removed
 *   S  the sync of number argument returned well
 *   m  a folder was made                       d  a folder was removed
 *   x  the call of the kind in data was refused
 *
 * With REFUSE_CALL the call of that number, from 0 and as above but for S, does nothing and fails with the errno REFUSE_ERRNO. With 0
 * for it, a write takes half and any other call is let through.
 *
 * Little-endian, 64 bits, Linux with glibc. Calls of one process are taken one at a time, except syncs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MOST_FILES 65536

static pthread_mutex_t turn = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static char *paths[MOST_FILES];
static char folder[PATH_MAX];
static int record = -1;
static uint64_t syncs;
static long calls;
static long refuse_call = -1;
static int refuse_errno;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off64_t);
static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_mkdir)(const char *, mode_t);
static int (*real_rmdir)(const char *);

__attribute__((constructor)) static void begin(void) {
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_writev = dlsym(RTLD_NEXT, "writev");
  real_pwritev = dlsym(RTLD_NEXT, "pwritev64");
  real_open = dlsym(RTLD_NEXT, "open64");
  real_close = dlsym(RTLD_NEXT, "close");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_rename = dlsym(RTLD_NEXT, "rename");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_mkdir = dlsym(RTLD_NEXT, "mkdir");
  real_rmdir = dlsym(RTLD_NEXT, "rmdir");
  const char *file = getenv("RECORD_FILE");
  const char *below = getenv("RECORD_FOLDER");
  const char *number = getenv("REFUSE_CALL");
  const char *fault = getenv("REFUSE_ERRNO");
  if (file == NULL || below == NULL || realpath(below, folder) == NULL) return;
  if (number != NULL) refuse_call = atol(number);
  if (fault != NULL) refuse_errno = atoi(fault);
  record = real_open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void tell(char call, const char *path, uint64_t argument, const void *data, size_t length) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  unsigned char head[24] = {(unsigned char)call, 0};
  uint16_t path_length = (uint16_t)strlen(path);
  uint32_t data_length = (uint32_t)length;
  uint64_t at = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  memcpy(head + 2, &path_length, 2);
  memcpy(head + 4, &data_length, 4);
  memcpy(head + 8, &argument, 8);
  memcpy(head + 16, &at, 8);
  struct iovec parts[3] = {{head, sizeof head}, {(void *)path, path_length}, {(void *)data, length}};
  if (real_writev(record, parts, 3) != (ssize_t)(sizeof head + path_length + length)) abort();
}

/* Counts the call; whether it is the one to refuse, and then `errno` says why. */
static int is_refused(char call, const char *path) {
  if (calls++ != refuse_call || (refuse_errno == 0 && call != 'w')) return 0;
  tell('x', path, (uint64_t)refuse_errno, &call, 1);
  errno = refuse_errno;
  return 1;
}

static char *path_of(int fd) { return record >= 0 && fd >= 0 && fd < MOST_FILES ? paths[fd] : NULL; }

/* The whole path below the folder; 0 where it is elsewhere. */
static int whole_path(const char *path, char *whole) {
  char copy[PATH_MAX], parent[PATH_MAX];
  if (record < 0 || strlen(path) >= PATH_MAX) return 0;
  if (realpath(path, whole) == NULL) {
    strcpy(copy, path);
    char *slash = strrchr(copy, '/');
    if (slash == NULL) return 0;
    *slash = 0;
    if (realpath(copy[0] ? copy : "/", parent) == NULL) return 0;
    if (snprintf(whole, PATH_MAX, "%s/%s", parent, slash + 1) >= PATH_MAX) return 0;
  }
  size_t length = strlen(folder);
  return strncmp(whole, folder, length) == 0 && (whole[length] == '/' || whole[length] == 0);
}

static int open_any(const char *path, int flags, mode_t mode) {
  char whole[PATH_MAX];
  if (!whole_path(path, whole)) return real_open(path, flags, mode);
  pthread_mutex_lock(&turn);
  struct stat before;
  int was = stat(path, &before) == 0;
  char change = !was && (flags & O_CREAT) ? 'c' : was && (flags & O_TRUNC) && before.st_size > 0 ? 't' : 0;
  int fd = change && is_refused(change, whole) ? -1 : real_open(path, flags, mode);
  int fault = errno;
  if (fd >= 0 && fd < MOST_FILES) {
    paths[fd] = strdup(whole);
    if (change) tell(change, whole, 0, "", 0);
  }
  pthread_mutex_unlock(&turn);
  errno = fault;
  return fd;
}

#define OPEN(name)                                        \
  int name(const char *path, int flags, ...) {            \
    mode_t mode = 0;                                      \
    if (flags & (O_CREAT | O_TMPFILE)) {                  \
      va_list more;                                       \
      va_start(more, flags);                              \
      mode = va_arg(more, mode_t);                        \
      va_end(more);                                       \
    }                                                     \
    return open_any(path, flags, mode);                   \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  char *path = path_of(fd);
  if (path != NULL) {
    pthread_mutex_lock(&turn);
    paths[fd] = NULL;
    free(path);
    pthread_mutex_unlock(&turn);
  }
  return real_close(fd);
}

/* Of a write of `length` bytes; -1: it is refused. */
static ssize_t part_to_write(int fd, size_t length) {
  if (!is_refused('w', paths[fd])) return (ssize_t)length;
  return refuse_errno == 0 ? (ssize_t)(length / 2) : -1;
}

static ssize_t written(int fd, off64_t offset, const void *data, ssize_t taken) {
  if (taken > 0) tell('w', paths[fd], (uint64_t)offset, data, (size_t)taken);
  return taken;
}

/* Where `write` would put its bytes. */
static off64_t place_of(int fd) {
  if (fcntl(fd, F_GETFL) & O_APPEND) return lseek64(fd, 0, SEEK_END);
  return lseek64(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *data, size_t length) {
  if (path_of(fd) == NULL) return real_write(fd, data, length);
  pthread_mutex_lock(&turn);
  off64_t offset = place_of(fd);
  ssize_t part = part_to_write(fd, length);
  ssize_t taken = part < 0 ? -1 : written(fd, offset, data, real_write(fd, data, (size_t)part));
  pthread_mutex_unlock(&turn);
  return taken;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  if (path_of(fd) == NULL) return real_pwrite(fd, data, length, offset);
  pthread_mutex_lock(&turn);
  ssize_t part = part_to_write(fd, length);
  ssize_t taken = part < 0 ? -1 : written(fd, offset, data, real_pwrite(fd, data, (size_t)part, offset));
  pthread_mutex_unlock(&turn);
  return taken;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }

/* One part after the other: a short write is what a caller has to expect anyway. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (path_of(fd) == NULL) return real_writev(fd, parts, count);
  return count == 0 ? 0 : write(fd, parts[0].iov_base, parts[0].iov_len);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  if (path_of(fd) == NULL) return real_pwritev(fd, parts, count, offset);
  return count == 0 ? 0 : pwrite64(fd, parts[0].iov_base, parts[0].iov_len, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  return pwritev64(fd, parts, count, offset);
}

int ftruncate64(int fd, off64_t length) {
  if (path_of(fd) == NULL) return real_ftruncate(fd, length);
  pthread_mutex_lock(&turn);
  int result = is_refused('t', paths[fd]) ? -1 : real_ftruncate(fd, length);
  if (result == 0) tell('t', paths[fd], (uint64_t)length, "", 0);
  pthread_mutex_unlock(&turn);
  return result;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int sync_any(int fd, int (*real)(int)) {
  char path[PATH_MAX];
  pthread_mutex_lock(&turn);
  char *told = path_of(fd);
  if (told == NULL) {
    pthread_mutex_unlock(&turn);
    return real(fd);
  }
  strcpy(path, told);
  if (is_refused('s', path)) {
    pthread_mutex_unlock(&turn);
    return -1;
  }
  uint64_t number = ((uint64_t)getpid() << 32) | ++syncs;
  tell('s', path, number, "", 0);
  pthread_mutex_unlock(&turn);
  int result = real(fd);
  int fault = errno;
  pthread_mutex_lock(&turn);
  if (result == 0) tell('S', path, number, "", 0);
  pthread_mutex_unlock(&turn);
  errno = fault;
  return result;
}

int fsync(int fd) { return sync_any(fd, real_fsync); }
int fdatasync(int fd) { return sync_any(fd, real_fdatasync); }

int rename(const char *from, const char *to) {
  char whole_from[PATH_MAX], whole_to[PATH_MAX];
  if (!whole_path(from, whole_from) || !whole_path(to, whole_to)) return real_rename(from, to);
  pthread_mutex_lock(&turn);
  int result = is_refused('r', whole_from) ? -1 : real_rename(from, to);
  if (result == 0) tell('r', whole_from, 0, whole_to, strlen(whole_to));
  pthread_mutex_unlock(&turn);
  return result;
}

int unlink(const char *path) {
  char whole[PATH_MAX];
  if (!whole_path(path, whole)) return real_unlink(path);
  pthread_mutex_lock(&turn);
  int result = is_refused('u', whole) ? -1 : real_unlink(path);
  if (result == 0) tell('u', whole, 0, "", 0);
  pthread_mutex_unlock(&turn);
  return result;
}

int mkdir(const char *path, mode_t mode) {
  char whole[PATH_MAX];
  struct stat before;
  if (!whole_path(path, whole) || stat(path, &before) == 0) return real_mkdir(path, mode);
  pthread_mutex_lock(&turn);
  int result = is_refused('m', whole) ? -1 : real_mkdir(path, mode);
  if (result == 0) tell('m', whole, 0, "", 0);
  pthread_mutex_unlock(&turn);
  return result;
}

int rmdir(const char *path) {
  char whole[PATH_MAX];
  if (!whole_path(path, whole)) return real_rmdir(path);
  pthread_mutex_lock(&turn);
  int result = is_refused('d', whole) ? -1 : real_rmdir(path);
  if (result == 0) tell('d', whole, 0, "", 0);
  pthread_mutex_unlock(&turn);
  return result;
}
