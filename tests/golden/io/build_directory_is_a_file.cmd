$ bsnc compile files/good.bsn -o files/empty.bsn
