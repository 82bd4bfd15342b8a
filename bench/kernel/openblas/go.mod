module likely/bench/kernel/openblas

go 1.26.0
