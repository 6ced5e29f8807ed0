/*
 * Stands between a program and the disk (LD_PRELOAD): ends, tears, fails, stalls or drops the n-th call that writes to a file.
 * FF_MATCH   only files whose path contains this
 * FF_CALL    pwrite, sync, truncate or unlink; FF_AT which of them, from 1; FF_TIMES how many in a row (default 1)
 * FF_WHEN    only while this file is there, counted anew whenever it was written
 * FF_FAULT   kill, tear (half a write, then kill), eio, enospc
 * FF_LIE     every sync says it is done and does nothing
 * FF_CONTROL file with the microseconds every sync takes; may change at run time
 * FF_BAD     file with bad sectors, a line each: inode, first byte, byte behind the last; every read that touches one fails (EIO)
 * FF_REPORT  file that gets the number of calls when the program exits
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum call { PWRITE, SYNC, TRUNCATE, UNLINK, CALLS };
static const char *const names[CALLS] = {"pwrite", "sync", "truncate", "unlink"};
static atomic_long counted[CALLS];

static long number(const char *name, long otherwise) {
  const char *text = getenv(name);
  return text ? atol(text) : otherwise;
}

static int is(const char *name, const char *value) {
  const char *text = getenv(name);
  return text != NULL && strcmp(text, value) == 0;
}

static int path_is_ours(const char *path) {
  const char *match = getenv("FF_MATCH");
  return match != NULL && strstr(path, match) != NULL;
}

static int is_ours(int fd) {
  char link[64], path[1024];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return path_is_ours(path);
}

static int is_armed(enum call call) {
  static atomic_long since[CALLS];
  const char *when = getenv("FF_WHEN");
  struct stat found;
  if (when == NULL) return 1;
  if (stat(when, &found) != 0) return 0;
  long written = found.st_mtim.tv_sec * 1000000000L + found.st_mtim.tv_nsec;
  if (atomic_exchange(&since[call], written) != written) counted[call] = 0;
  return 1;
}

/* Counts a call; 0: let it pass, else the errno to fail with. May end the process. */
static int fault(enum call call, int *tears) {
  if (!is_armed(call)) return 0;
  long n = ++counted[call], at = number("FF_AT", 0);
  if (at == 0 || !is("FF_CALL", names[call]) || n < at || n >= at + number("FF_TIMES", 1)) return 0;
  if (is("FF_FAULT", "tear") && tears != NULL) return *tears = 1, 0;
  if (is("FF_FAULT", "kill") || is("FF_FAULT", "tear")) kill(getpid(), SIGKILL);
  return is("FF_FAULT", "enospc") ? ENOSPC : EIO;
}

static void stall(void) {
  const char *control = getenv("FF_CONTROL");
  FILE *file = control ? fopen(control, "r") : NULL;
  long microseconds = 0;
  if (file == NULL) return;
  if (fscanf(file, "%ld", &microseconds) != 1) microseconds = 0;
  fclose(file);
  if (microseconds > 0) usleep(microseconds);
}

static int synced(int fd, const char *name) {
  int (*real)(int) = dlsym(RTLD_NEXT, name);
  if (!is_ours(fd)) return real(fd);
  stall();
  int error = fault(SYNC, NULL);
  if (error) return errno = error, -1;
  return getenv("FF_LIE") ? 0 : real(fd);
}

int fsync(int fd) { return synced(fd, "fsync"); }
int fdatasync(int fd) { return synced(fd, "fdatasync"); }

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
  if (!is_ours(fd)) return real(fd, bytes, length, at);
  int tears = 0, error = fault(PWRITE, &tears);
  if (error) return errno = error, -1;
  if (tears) {
    real(fd, bytes, length / 2, at);
    kill(getpid(), SIGKILL);
  }
  return real(fd, bytes, length, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

int ftruncate64(int fd, off64_t length) {
  int (*real)(int, off64_t) = dlsym(RTLD_NEXT, "ftruncate64");
  int error = is_ours(fd) ? fault(TRUNCATE, NULL) : 0;
  return error ? (errno = error, -1) : real(fd, length);
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

#define BAD_MAX 64
static struct {
  unsigned long inode;
  long from, to;
} bad[BAD_MAX];
static int bads = 0;

__attribute__((constructor)) static void read_bad_sectors(void) {
  const char *path = getenv("FF_BAD");
  FILE *file = path ? fopen(path, "r") : NULL;
  if (file == NULL) return;
  while (bads < BAD_MAX && fscanf(file, "%lu %ld %ld", &bad[bads].inode, &bad[bads].from, &bad[bads].to) == 3) bads++;
  fclose(file);
}

static int is_bad(int fd, size_t length, off64_t at) {
  struct stat found;
  if (bads == 0 || at < 0 || fstat(fd, &found) != 0) return 0;
  for (int each = 0; each < bads; each++)
    if (bad[each].inode == found.st_ino && at < bad[each].to && at + (off64_t)length > bad[each].from) return 1;
  return 0;
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) {
  ssize_t (*real)(int, void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pread64");
  return is_bad(fd, length, at) ? (errno = EIO, -1) : real(fd, bytes, length, at);
}

ssize_t pread(int fd, void *bytes, size_t length, off_t at) { return pread64(fd, bytes, length, at); }

ssize_t read(int fd, void *bytes, size_t length) {
  ssize_t (*real)(int, void *, size_t) = dlsym(RTLD_NEXT, "read");
  if (bads > 0 && is_bad(fd, length, lseek64(fd, 0, SEEK_CUR))) return errno = EIO, -1;
  return real(fd, bytes, length);
}

int unlink(const char *path) {
  int (*real)(const char *) = dlsym(RTLD_NEXT, "unlink");
  int error = path_is_ours(path) ? fault(UNLINK, NULL) : 0;
  return error ? (errno = error, -1) : real(path);
}

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("FF_REPORT");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (file == NULL) return;
  for (int call = 0; call < CALLS; call++) fprintf(file, "%s %ld\n", names[call], atomic_load(&counted[call]));
  fclose(file);
}
