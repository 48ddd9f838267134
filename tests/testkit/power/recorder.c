/* Records a process's operations on files below COGNATE_POWER_ROOT and its output, in order, in the
 * file COGNATE_POWER_LOG. To be preloaded on Linux with glibc.
 *
 * A record is: kind (1 byte), length of the path, offset, length of the data (8 bytes each, native),
 * the path, the data. Kinds: C create, W write, T truncate (offset is the length), S sync, R rename
 * (data is the new path), U unlink, D make a folder, O print.
 *
 * Syncs are not performed: the replay decides which data was on the disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *paths[FILES];
static const char *root;
static int out = -1;

static void begin(void) {
    if (out >= 0) return;
    root = getenv("COGNATE_POWER_ROOT");
    const char *name = getenv("COGNATE_POWER_LOG");
    if (!root || !name) abort();
    out = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (out < 0) abort();
}

static void put(const void *bytes, size_t length) {
    const char *at = bytes;
    while (length > 0) {
        long done = syscall(SYS_write, out, at, length);
        if (done <= 0) abort();
        at += done;
        length -= (size_t)done;
    }
}

static void record(char kind, const char *path, uint64_t offset, const void *data, uint64_t length) {
    uint64_t head[3] = {strlen(path), offset, length};
    put(&kind, 1);
    put(head, sizeof head);
    put(path, head[0]);
    if (length) put(data, length);
}

static int is_below(const char *path) { return strncmp(path, root, strlen(root)) == 0; }
static const char *path_of(int fd) { return fd >= 0 && fd < FILES ? paths[fd] : NULL; }

static void forget(int fd) {
    if (fd >= 0 && fd < FILES) {
        free(paths[fd]);
        paths[fd] = NULL;
    }
}

static int opened(int at, const char *path, int flags, mode_t mode) {
    pthread_mutex_lock(&lock);
    begin();
    struct stat known;
    int is_new = is_below(path) && (flags & O_CREAT) && stat(path, &known) != 0;
    int cut = is_below(path) && (flags & O_TRUNC) && !is_new;
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    int error = errno;
    if (fd >= 0) {
        forget(fd);
        if (is_below(path) && fd < FILES) {
            paths[fd] = strdup(path);
            if (is_new) record('C', path, 0, NULL, 0);
            if (cut) record('T', path, 0, NULL, 0);
        }
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define OPEN(name)                                        \
    int name(const char *path, int flags, ...) {          \
        va_list more;                                     \
        va_start(more, flags);                            \
        mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0; \
        va_end(more);                                     \
        return opened(AT_FDCWD, path, flags, mode);       \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                      \
    int name(int at, const char *path, int flags, ...) {  \
        va_list more;                                     \
        va_start(more, flags);                            \
        mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0; \
        va_end(more);                                     \
        return opened(at, path, flags, mode);             \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    pthread_mutex_lock(&lock);
    forget(fd);
    int result = (int)syscall(SYS_close, fd);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

ssize_t write(int fd, const void *data, size_t length) {
    pthread_mutex_lock(&lock);
    begin();
    const char *path = path_of(fd);
    off_t offset = path ? lseek(fd, 0, SEEK_CUR) : 0;
    struct stat known;
    if (path && (fcntl(fd, F_GETFL) & O_APPEND) && fstat(fd, &known) == 0) offset = known.st_size;
    ssize_t done = syscall(SYS_write, fd, data, length);
    int error = errno;
    if (done > 0 && path) record('W', path, (uint64_t)offset, data, (uint64_t)done);
    if (done > 0 && fd == 1) record('O', "", 0, data, (uint64_t)done);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

static ssize_t written_at(int fd, const void *data, size_t length, off_t offset) {
    pthread_mutex_lock(&lock);
    begin();
    ssize_t done = syscall(SYS_pwrite64, fd, data, length, offset);
    int error = errno;
    if (done > 0 && path_of(fd)) record('W', path_of(fd), (uint64_t)offset, data, (uint64_t)done);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}
ssize_t pwrite(int fd, const void *d, size_t n, off_t o) { return written_at(fd, d, n, o); }
ssize_t pwrite64(int fd, const void *d, size_t n, off64_t o) { return written_at(fd, d, n, o); }

/* The program does not use these functions. If that changes, the rig must record them. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (path_of(fd)) abort();
    return syscall(SYS_writev, fd, parts, count);
}
ssize_t copy_file_range(int a, off64_t *b, int c, off64_t *d, size_t e, unsigned f) {
    if (path_of(c)) abort();
    return syscall(SYS_copy_file_range, a, b, c, d, e, f);
}
int posix_fallocate(int fd, off_t a, off_t b) {
    (void)a, (void)b;
    if (path_of(fd)) abort();
    return EOPNOTSUPP;
}
int posix_fallocate64(int fd, off64_t a, off64_t b) { return posix_fallocate(fd, a, b); }

static int synced(int fd) {
    pthread_mutex_lock(&lock);
    begin();
    if (path_of(fd)) record('S', path_of(fd), 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return 0;
}
int fsync(int fd) { return synced(fd); }
int fdatasync(int fd) { return synced(fd); }

static int truncated(int fd, off_t length) {
    pthread_mutex_lock(&lock);
    begin();
    int result = (int)syscall(SYS_ftruncate, fd, length);
    int error = errno;
    if (result == 0 && path_of(fd)) record('T', path_of(fd), (uint64_t)length, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
int ftruncate(int fd, off_t length) { return truncated(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncated(fd, length); }

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&lock);
    begin();
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    int error = errno;
    if (result == 0 && is_below(from)) record('R', from, 0, to, strlen(to));
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int unlink(const char *path) {
    pthread_mutex_lock(&lock);
    begin();
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    int error = errno;
    if (result == 0 && is_below(path)) record('U', path, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int mkdir(const char *path, mode_t mode) {
    pthread_mutex_lock(&lock);
    begin();
    int result = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    int error = errno;
    if (result == 0 && is_below(path)) record('D', path, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
