// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "include/children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

extern char **environ;

static void set_stream(posix_spawn_file_actions_t *actions, int descriptor, int number) {
    if (descriptor < 0) {
        posix_spawn_file_actions_addopen(actions, number, "/dev/null", O_RDWR, 0);
    } else {
        posix_spawn_file_actions_adddup2(actions, descriptor, number);
    }
}

int hearth_spawn(
    pid_t *process, const char *path, char *const arguments[], char *const environment[], const char *folder,
    int input, int output, int error) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    set_stream(&actions, input, 0);
    set_stream(&actions, output, 1);
    set_stream(&actions, error, 2);
    if (folder != NULL) posix_spawn_file_actions_addchdir_np(&actions, folder);

    sigset_t signals;
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID;
#if defined(__APPLE__)
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
    posix_spawnattr_setflags(&attributes, flags);
    if (environment == NULL) environment = environ;
    int result = posix_spawn(process, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

void hearth_adopt_orphans(void) {
#if defined(__linux__)
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#endif
}

void hearth_close_from(int first) {
#if defined(__linux__) && defined(SYS_close_range)
    if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
#endif
    for (int number = first; number < 4096; number++) close(number);
}

static int signal_pipe[2] = {-1, -1};

static void on_child(int number) {
    (void)number;
    int saved = errno;
    // A full pipe is readable already.
    ssize_t written = write(signal_pipe[1], "", 1);
    (void)written;
    errno = saved;
}

int hearth_child_signals(void) {
    if (pipe(signal_pipe) != 0) return -errno;
    for (int end = 0; end < 2; end++) {
        fcntl(signal_pipe[end], F_SETFD, FD_CLOEXEC);
        fcntl(signal_pipe[end], F_SETFL, O_NONBLOCK);
    }
    struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGCHLD, &action, NULL) == 0 ? signal_pipe[0] : -errno;
}

static long long microseconds(struct timeval time) {
    return (long long)time.tv_sec * 1000000 + time.tv_usec;
}

int hearth_next_ended_child(struct hearth_ended_child *child) {
    int status;
    struct rusage usage;
    pid_t process;
    do {
        process = wait4(-1, &status, WNOHANG, &usage);
    } while (process < 0 && errno == EINTR);
    if (process <= 0) return 0;
    child->process = process;
    child->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    child->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    child->user_microseconds = microseconds(usage.ru_utime);
    child->system_microseconds = microseconds(usage.ru_stime);
#if defined(__APPLE__)
    child->peak_memory = usage.ru_maxrss;
#else
    child->peak_memory = (long long)usage.ru_maxrss * 1024;
#endif
    return 1;
}
