/* Least recently used: which page goes?
 * A line on standard input is a question, a line on standard output an answer. Change decide(), and whatever it needs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the value of a key begins. */
static const char *find(const char *line, const char *key) {
    char name[40];
    snprintf(name, sizeof name, "\"%s\":", key);
    const char *at = strstr(line, name);
    return at ? at + strlen(name) : NULL;
}

static long number(const char *line, const char *key) {
    const char *at = find(line, key);
    return at ? strtol(at, NULL, 10) : 0;
}

/* Reads a list of numbers, or of names of one letter; how many there are. */
static int list(const char *line, const char *key, long *out, int most) {
    const char *at = find(line, key);
    int count = 0;
    while (at && *at && *at != ']' && count < most) {
        at++;
        if (*at == ']') break;
        out[count++] = *at == '"' ? at[1] : strtol(at, NULL, 10);
        at += strcspn(at, ",]");
    }
    return count;
}

static void begin(const char *problem) { (void)problem; }

/* The page to put out. question: page, hit, pages (in the order in which they came). */
static long decide(const char *question) {
    static long used[64];
    static int count;
    long page = number(question, "page"), pages[64];
    int there = list(question, "pages", pages, 64), kept = 0;
    /* Keep what is in memory still, without the page that is used now. */
    for (int i = 0; i < count; i++)
        for (int k = 0; k < there; k++)
            if (used[i] == pages[k] && used[i] != page) { used[kept++] = used[i]; break; }
    long out = kept ? used[0] : -1;
    used[kept++] = page;
    count = kept;
    return out;
}

int main(void) {
    static char line[1 << 16];
    while (fgets(line, sizeof line, stdin)) {
        if (find(line, "problem")) { begin(line); continue; }
        long answer = decide(line);
        if (strstr(line, "\"ask\":true")) { printf("{\"evict\":%ld}\n", answer); fflush(stdout); }
    }
    return 0;
}
