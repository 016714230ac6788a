/* CUDA's functions of one thread: bits, atomics, least and largest. Fibers do not interrupt each
 * other, so that atomics are plain reads and writes. */
#ifndef VERIFY_TEST_EMULATION_INTRINSICS_H
#define VERIFY_TEST_EMULATION_INTRINSICS_H

#include <string.h>
#include <type_traits>

template <class To, class From> To emulation_bits(From value) {
    static_assert(sizeof(To) == sizeof(From), "as many bits");
    To bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline unsigned __float_as_uint(float value) {
    return emulation_bits<unsigned>(value);
}
inline int __float_as_int(float value) {
    return emulation_bits<int>(value);
}
inline float __uint_as_float(unsigned value) {
    return emulation_bits<float>(value);
}
inline float __int_as_float(int value) {
    return emulation_bits<float>(value);
}

inline int __popc(unsigned value) {
    return __builtin_popcount(value);
}
inline int __popcll(unsigned long long value) {
    return __builtin_popcountll(value);
}
inline int __ffs(int value) {
    return __builtin_ffs(value);
}
inline int __ffsll(long long value) {
    return __builtin_ffsll(value);
}
inline int __clz(int value) {
    return value ? __builtin_clz((unsigned)value) : 32;
}
inline int __clzll(long long value) {
    return value ? __builtin_clzll((unsigned long long)value) : 64;
}

template <class T> T __ldg(const T *address) {
    return *address;
}

template <class A, class B> constexpr std::common_type_t<A, B> min(A a, B b) {
    return b < a ? b : a;
}
template <class A, class B> constexpr std::common_type_t<A, B> max(A a, B b) {
    return a < b ? b : a;
}

/* A fiber waits at barriers only, before which its writes are done. */
inline void __threadfence(void) {
}
inline void __threadfence_block(void) {
}

template <class T, class... Types> constexpr bool emulation_is_one_of(void) {
    return (std::is_same<T, Types>::value || ...);
}
/* The types of CUDA's atomics; uint64_t and size_t, unsigned long here, are not among them. */
template <class T> constexpr bool emulation_is_atomic(void) {
    return emulation_is_one_of<T, int, unsigned, unsigned long long>();
}
/* A parameter's type that is taken from the address, not from the value. */
template <class T> using emulation_value = typename std::common_type<T>::type;

template <class T> T atomicExch(T *address, emulation_value<T> value) {
    static_assert(emulation_is_atomic<T>() || std::is_same<T, float>::value, "atomicExch");
    T old = *address;
    *address = value;
    return old;
}
template <class T> T atomicCAS(T *address, emulation_value<T> compare, emulation_value<T> value) {
    static_assert(emulation_is_atomic<T>() || std::is_same<T, unsigned short>::value, "atomicCAS");
    T old = *address;
    *address = old == compare ? value : old;
    return old;
}
template <class T> T atomicAdd(T *address, emulation_value<T> value) {
    static_assert(emulation_is_atomic<T>() || std::is_floating_point<T>::value, "atomicAdd");
    T old = *address;
    if constexpr (std::is_same<T, int>::value)
        *address = (int)((unsigned)old + (unsigned)value); /* wraps round */
    else
        *address = old + value;
    return old;
}
template <class T> T atomicSub(T *address, emulation_value<T> value) {
    static_assert(emulation_is_one_of<T, int, unsigned>(), "atomicSub");
    return (T)atomicAdd((unsigned *)address, 0u - (unsigned)value);
}
template <class T> T atomicMin(T *address, emulation_value<T> value) {
    static_assert(emulation_is_atomic<T>() || std::is_same<T, long long>::value, "atomicMin");
    T old = *address;
    *address = min(old, value);
    return old;
}
template <class T> T atomicMax(T *address, emulation_value<T> value) {
    static_assert(emulation_is_atomic<T>() || std::is_same<T, long long>::value, "atomicMax");
    T old = *address;
    *address = max(old, value);
    return old;
}
template <class T> T atomicOr(T *address, emulation_value<T> value) {
    static_assert(emulation_is_atomic<T>(), "atomicOr");
    return atomicExch(address, *address | value);
}
template <class T> T atomicAnd(T *address, emulation_value<T> value) {
    static_assert(emulation_is_atomic<T>(), "atomicAnd");
    return atomicExch(address, *address & value);
}

#endif
