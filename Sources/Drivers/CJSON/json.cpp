#include "CJSON.h"
int loods_json_placeholder(void) { return 0; }
