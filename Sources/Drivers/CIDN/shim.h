#ifndef LOODS_CIDN_H
#define LOODS_CIDN_H

#include <idn2.h>

/* UTS #46 as it is today: sharp s and its like stay themselves. Letters, digits and hyphens are all that ASCII gives. */
static const int loods_idn_flags = IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT | IDN2_USE_STD3_ASCII_RULES;

#endif
