/* A Modbus slave that is not ours, on libmodbus: `slave rtu <path> <unit>` or `slave tcp <port> <unit>` (port 0: any).
   Holding register n holds 1000 + n, input register n 2000 + n, coil and discrete input n whether n is odd.
   Prints `ready` and its TCP port when it is ready, and serves until it is killed. */
#include <arpa/inet.h>
#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REGISTERS 64

static void serve(modbus_t *modbus, modbus_mapping_t *image) {
  uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
  for (;;) {
    int length = modbus_receive(modbus, query);
    if (length > 0)
      modbus_reply(modbus, query, length, image);
    else if (length == -1 && errno != EMBBADCRC && errno != ETIMEDOUT)
      return;
  }
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: slave rtu <path> <unit> | slave tcp <port> <unit>\n");
    return 2;
  }
  int rtu = strcmp(argv[1], "rtu") == 0;
  modbus_t *modbus = rtu ? modbus_new_rtu(argv[2], 9600, 'N', 8, 1) : modbus_new_tcp("127.0.0.1", atoi(argv[2]));
  modbus_mapping_t *image = modbus_mapping_new(REGISTERS, REGISTERS, REGISTERS, REGISTERS);
  if (modbus == NULL || image == NULL || modbus_set_slave(modbus, atoi(argv[3])) == -1) {
    fprintf(stderr, "%s\n", modbus_strerror(errno));
    return 1;
  }
  for (int n = 0; n < REGISTERS; n++) {
    image->tab_registers[n] = 1000 + n;
    image->tab_input_registers[n] = 2000 + n;
    image->tab_bits[n] = image->tab_input_bits[n] = n & 1;
  }
  int door = rtu ? -1 : modbus_tcp_listen(modbus, 1);
  if (rtu ? modbus_connect(modbus) == -1 : door == -1) {
    fprintf(stderr, "%s\n", modbus_strerror(errno));
    return 1;
  }
  struct sockaddr_in at = {0};
  socklen_t size = sizeof at;
  if (!rtu)
    getsockname(door, (struct sockaddr *)&at, &size);
  printf("ready %d\n", ntohs(at.sin_port));
  fflush(stdout);
  while (rtu || modbus_tcp_accept(modbus, &door) != -1) {
    serve(modbus, image);
    if (rtu)
      return 0;
    modbus_close(modbus);
  }
  return 1;
}
