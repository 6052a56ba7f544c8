"""Starts ministack with one thing added: object locks and legal holds survive a restart.

ministack 1.5.33 writes buckets, objects and their settings to disk but forgets the locks of each object, so that after a
restart of the sandbox everything in a vault could be deleted.
"""

from ministack.app import main
from ministack.services import s3

s3._PERSISTED_BUCKET_DICTS.update(object_retention=s3._object_retention, object_legal_hold=s3._object_legal_hold)

main()
