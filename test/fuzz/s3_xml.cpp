// What an S3 server answers: listings, errors, uploads.
#include "store/s3_xml.h"

#include "fuzz.h"

HALCYON_FUZZ(s3_xml, text) {
  halcyon::parse_s3_fault(text);
  halcyon::parse_s3_upload_id(text);
  halcyon::parse_s3_uploads(text);
  halcyon::parse_s3_page(text);
}
