#ifndef LOODS_CJSON_H
#define LOODS_CJSON_H
int loods_json_placeholder(void);
#endif
