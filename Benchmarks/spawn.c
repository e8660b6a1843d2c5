// SPDX-License-Identifier: Apache-2.0
//
// The reference for steps of jobs: processes started and waited for one after
// the other, by a program that does nothing else.
//
//     spawn COUNT PROGRAM    prints the seconds, and those of processor time, its children's included

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double processor_time(int who) {
    struct rusage usage;
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    char *command[] = {arguments[2], NULL};
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int left = atoi(arguments[1]); left > 0; left--) {
        pid_t process;
        int status;
        if (posix_spawn(&process, command[0], NULL, NULL, command, environ) != 0) return 1;
        if (waitpid(process, &status, 0) != process || status != 0) return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    printf("%.6f %.6f\n", seconds, processor_time(RUSAGE_SELF) + processor_time(RUSAGE_CHILDREN));
    return 0;
}
