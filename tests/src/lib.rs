//! Black-box tests: HTTP in, HTTP and SNS out.
