"""What must be seen by all workers: tables with a time to live, counters and queues, behind one small interface."""
