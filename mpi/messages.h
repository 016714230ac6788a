/* How reports, orders and parcels travel on ranks->work_comm (src/job/orders.h). Reports and orders
 * are synchronous sends, so that not more than one each way is under way and who is stopped is not
 * buried in them. Images travel from rank to rank in parcels (src/job/work.h). */
#ifndef VERIFY_MPI_MESSAGES_H
#define VERIFY_MPI_MESSAGES_H

#include "job/orders.h"
#include "ranks.h"

enum { TAG_REPORT, TAG_ORDER, TAG_PARCEL };

#endif
