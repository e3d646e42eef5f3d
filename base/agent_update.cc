#include "base/agent_update.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::base {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;

using ReadPem = EVP_PKEY* (*)(BIO*, EVP_PKEY**, pem_password_cb*, void*);

// A key with a password is refused: nobody is there to type it.
int NoPassword(char*, int, int, void*) { return -1; }

absl::StatusOr<Key> ParseKey(const std::string& pem, ReadPem read, const char* kind) {
  const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(read(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr || EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d bytes that are no Ed25519 %s key in PEM form", pem.size(), kind));
  }
  return key;
}

const unsigned char* Bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string SignedBytes(const UpdateStatement& statement) {
  return absl::StrFormat("tunefarm agent update\nversion=%s\nmachine=%s\nsha256=%s\n",
                         statement.version, statement.machine, statement.digest);
}

absl::StatusOr<std::string> Sign(const UpdateStatement& statement, const std::string& private_key) {
  TUNEFARM_ASSIGN_OR_RETURN(const Key key,
                            ParseKey(private_key, PEM_read_bio_PrivateKey, "private"));
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  const std::string message = SignedBytes(statement);
  std::string signature(64, '\0');
  size_t num_bytes = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &num_bytes,
                     Bytes(message), message.size()) != 1) {
    return absl::InternalError("OpenSSL cannot sign with this key");
  }
  return signature;
}

absl::Status Verify(const UpdateStatement& statement, const std::string& signature,
                    const std::string& public_key) {
  TUNEFARM_ASSIGN_OR_RETURN(const Key key, ParseKey(public_key, PEM_read_bio_PUBKEY, "public"));
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  const std::string message = SignedBytes(statement);
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1) {
    return absl::InternalError("OpenSSL cannot verify with this key");
  }
  if (EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                       message.size()) != 1) {
    return absl::PermissionDeniedError(absl::StrFormat(
        "the signature (%d bytes) is not one of the update key for version %s on %s",
        signature.size(), statement.version, statement.machine));
  }
  return absl::OkStatus();
}

}  // namespace tunefarm::base
