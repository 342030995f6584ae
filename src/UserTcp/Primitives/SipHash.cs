using System.Buffers.Binary;
using System.Numerics;

namespace UserTcp.Primitives;

/// <summary>
/// SipHash-2-4 (Aumasson and Bernstein): a keyed hash that a remote peer cannot predict. Tables use it against chosen
/// collisions, initial sequence numbers and ports as the F of RFC 6528 §3 and RFC 6056 §3.3.3.
/// </summary>
internal readonly record struct SipHash(ulong Key0, ulong Key1)
{
    /// <summary>With a public key: for values that must be stable and need not be secret.</summary>
    public static readonly SipHash Unkeyed;

    public ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var state = new State(Key0, Key1);
        int length = bytes.Length;
        while (bytes.Length >= 8)
        {
            state.Absorb(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        ulong last = (ulong)length << 56;
        for (int i = 0; i < bytes.Length; i++)
        {
            last |= (ulong)bytes[i] << (8 * i);
        }

        state.Absorb(last);
        return state.Finish();
    }

    public ulong Hash(in FlowKey flow)
    {
        var state = new State(Key0, Key1);
        state.Absorb(flow.Local.High);
        state.Absorb(flow.Local.Low);
        state.Absorb(flow.Remote.High);
        state.Absorb(flow.Remote.Low);
        state.Absorb((ulong)flow.LocalPort << 16 | flow.RemotePort);
        return state.Finish();
    }

    public ulong Hash(ulong a, ulong b = 0)
    {
        var state = new State(Key0, Key1);
        state.Absorb(a);
        state.Absorb(b);
        return state.Finish();
    }

    private struct State(ulong key0, ulong key1)
    {
        private ulong _v0 = key0 ^ 0x736f6d6570736575;
        private ulong _v1 = key1 ^ 0x646f72616e646f6d;
        private ulong _v2 = key0 ^ 0x6c7967656e657261;
        private ulong _v3 = key1 ^ 0x7465646279746573;

        public void Absorb(ulong m)
        {
            _v3 ^= m;
            Round();
            Round();
            _v0 ^= m;
        }

        public ulong Finish()
        {
            _v2 ^= 0xff;
            Round();
            Round();
            Round();
            Round();
            return _v0 ^ _v1 ^ _v2 ^ _v3;
        }

        private void Round()
        {
            _v0 += _v1;
            _v2 += _v3;
            _v1 = BitOperations.RotateLeft(_v1, 13) ^ _v0;
            _v3 = BitOperations.RotateLeft(_v3, 16) ^ _v2;
            _v0 = BitOperations.RotateLeft(_v0, 32);
            _v2 += _v1;
            _v0 += _v3;
            _v1 = BitOperations.RotateLeft(_v1, 17) ^ _v2;
            _v3 = BitOperations.RotateLeft(_v3, 21) ^ _v0;
            _v2 = BitOperations.RotateLeft(_v2, 32);
        }
    }
}
