/**
 * `wire send INTERFACE HEX…`: frames exactly as given. `wire hear PORT`: prints the text of every datagram on a line.
 * `wire sctp`: prints from which port to which every SCTP packet goes, without any help of the kernel.
 */
export const WIRE = `
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int hear(int port)
{
    char text[2048];
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(fd, (struct sockaddr *)&name, sizeof name) < 0)
        return 1;
    puts("ready");
    for (;;) {
        fflush(stdout);
        ssize_t size = recv(fd, text, sizeof text, 0);
        printf("%.*s\\n", (int)size, text);
    }
}

static int sctp(void)
{
    unsigned char packet[2048];
    int fd = socket(AF_INET, SOCK_RAW, 132);
    puts(fd < 0 ? "no socket" : "ready");
    for (;;) {
        fflush(stdout);
        recv(fd, packet, sizeof packet, 0);
        unsigned char *ports = packet + 4 * (packet[0] & 15);
        printf("%d to %d\\n", ports[0] << 8 | ports[1], ports[2] << 8 | ports[3]);
    }
}

static int send_frame(int fd, const struct sockaddr_ll *name, const char *hex)
{
    unsigned char frame[2048];
    size_t size = strlen(hex) / 2;
    for (size_t at = 0; at < size && at < sizeof frame; at++)
        sscanf(hex + 2 * at, "%2hhx", &frame[at]);
    return sendto(fd, frame, size, 0, (const struct sockaddr *)name, sizeof *name) == (ssize_t)size;
}

int main(int count, char **words)
{
    if (count > 2 && strcmp(words[1], "hear") == 0)
        return hear(atoi(words[2]));
    if (count > 1 && strcmp(words[1], "sctp") == 0)
        return sctp();
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll name = {.sll_family = AF_PACKET, .sll_halen = 6, .sll_ifindex = (int)if_nametoindex(words[2])};
    for (int at = 3; at < count; at++)
        if (!send_frame(fd, &name, words[at])) {
            perror("send");
            return 1;
        }
    return 0;
}
`;
