using System.Buffers.Binary;
using UserTcp.Primitives;

namespace UserTcp.Tests.Primitives;

public class SipHashTests
{
    private static readonly SipHash s_published = new(0x0706050403020100, 0x0f0e0d0c0b0a0908);

    // SipHash-2-4 of 00, 01, … (n − 1) under the key 00 … 0f, as its authors publish them, octets in order.
    private static readonly string[] s_vectors =
    [
        "310e0edd47db6f72", "fd67dc93c539f874", "5a4fa9d909806c0d", "2d7efbd796666785",
        "b7877127e09427cf", "8da699cd64557618", "cee3fe586e46c9cb", "37d1018bf50002ab",
        "6224939a79f5f593", "b0e4a90bdf82009e", "f3b9dd94c5bb5d7a", "a7ad6b22462fb3f4",
        "fbe50e86bc8f1e75", "903d84c02756ea14", "eef27a8e90ca23f7", "e545be4961ca29a1",
    ];

    [Fact]
    public void The_published_vectors_hold()
    {
        byte[] message = [.. Enumerable.Range(0, 16).Select(static i => (byte)i)];
        for (int length = 0; length < s_vectors.Length; length++)
        {
            byte[] hash = new byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(hash, s_published.Hash(message.AsSpan(0, length)));
            Assert.Equal(s_vectors[length], Convert.ToHexStringLower(hash));
        }
    }

    [Fact]
    public void Every_part_of_a_flow_and_of_the_key_counts()
    {
        var flow = new FlowKey(HostAddress.FromV4(1), 2, HostAddress.FromV4(3), 4);
        ulong[] hashes =
        [
            s_published.Hash(flow),
            s_published.Hash(flow with { Local = HostAddress.FromV4(9) }),
            s_published.Hash(flow with { LocalPort = 9 }),
            s_published.Hash(flow with { Remote = HostAddress.FromV4(9) }),
            s_published.Hash(flow with { RemotePort = 9 }),
            s_published.Hash(flow with { Local = flow.Remote, Remote = flow.Local }),
            s_published.Hash(flow with { LocalPort = 4, RemotePort = 2 }),
            (s_published with { Key0 = 1 }).Hash(flow),
            (s_published with { Key1 = 1 }).Hash(flow),
        ];

        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(hashes[0], s_published.Hash(flow with { }));
    }

    [Fact]
    public void Pairs_of_numbers_hash_apart() =>
        Assert.Equal(4, new[] { (0ul, 0ul), (1ul, 0ul), (0ul, 1ul), (1ul, 1ul) }
            .Select(static pair => s_published.Hash(pair.Item1, pair.Item2)).Distinct().Count());
}
