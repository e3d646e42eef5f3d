// Things by name, the least recently used ones dropped when their bytes exceed a capacity.
//
// Keeps blobs and tensors in the agent, built kernels in the tuner. Not thread-safe.
#ifndef TUNEFARM_BASE_LRU_CACHE_H_
#define TUNEFARM_BASE_LRU_CACHE_H_

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace tunefarm::base {

// Value: cheap to copy (a shared_ptr); what is handed out stays alive after it is dropped here.
template <typename Value>
class LruCache {
 public:
  explicit LruCache(uint64_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  // The value, now the most recently used one; a default Value where there is none.
  Value Get(const std::string& name) {
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) return Value();
    order_.splice(order_.begin(), order_, entry->second);
    return entry->second->value;
  }

  // Keeps `value` of `num_bytes`, in place of an earlier one of that name. What alone exceeds the
  // capacity is not kept.
  void Put(const std::string& name, Value value, uint64_t num_bytes) {
    Drop(name);
    order_.push_front({name, std::move(value), num_bytes});
    entries_[name] = order_.begin();
    used_bytes_ += num_bytes;
    while (used_bytes_ > capacity_bytes_) Drop(std::string(order_.back().name));
  }

  uint64_t used_bytes() const { return used_bytes_; }

 private:
  struct Entry {
    std::string name;
    Value value;
    uint64_t num_bytes;
  };

  void Drop(const std::string& name) {
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) return;
    used_bytes_ -= entry->second->num_bytes;
    order_.erase(entry->second);
    entries_.erase(entry);
  }

  const uint64_t capacity_bytes_;
  uint64_t used_bytes_ = 0;
  std::list<Entry> order_;  // Most recently used first.
  std::unordered_map<std::string, typename std::list<Entry>::iterator> entries_;
};

}  // namespace tunefarm::base

#endif  // TUNEFARM_BASE_LRU_CACHE_H_
