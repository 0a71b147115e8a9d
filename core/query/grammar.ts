/**
 * The text form of a query. A VALUE, and text that is looked for, is a word without blanks or signs, or stands in double
 * quotes as JSON writes strings. Keywords are lower case.
 */
export const GRAMMAR = `\
query   = [ any ] { "|" clause }
any     = every { "or" every }
every   = one { [ "and" ] one }
one     = "not" one | "(" any ")" | "*" | test | text
test    = FIELD ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) VALUE [ "cased" ]
        | FIELD ( "contains" | "starts" | "ends" | "like" | "matches" ) VALUE [ "cased" ]
        | FIELD "in" ( VALUE | "(" VALUE { "," VALUE } ")" ) [ "cased" ]
        | FIELD "exists"
clause  = "since" TIME | "until" TIME | "newest" | "oldest" | "limit" N | "after" CURSOR
        | "fields" FIELD { "," FIELD }
        | "count" [ "by" FIELD { "," FIELD } ] [ "per" LENGTH ] [ "top" N ]`;
