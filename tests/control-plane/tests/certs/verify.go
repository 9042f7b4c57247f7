// Verifies a server's certificate as the API server does: with Go's crypto/x509, trusting one bundle.
//
// Usage: verify BUNDLE CERTIFICATE NAME. Prints what is wrong, and ends with 1 then.
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func main() {
	bundle, err := os.ReadFile(os.Args[1])
	check(err)
	text, err := os.ReadFile(os.Args[2])
	check(err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		check(fmt.Errorf("%s holds no certificate", os.Args[1]))
	}
	block, _ := pem.Decode(text)
	certificate, err := x509.ParseCertificate(block.Bytes)
	check(err)
	_, err = certificate.Verify(x509.VerifyOptions{
		DNSName:   os.Args[3],
		Roots:     roots,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	check(err)
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
