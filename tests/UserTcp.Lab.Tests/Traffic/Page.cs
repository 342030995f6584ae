using System.Security.Cryptography;

namespace UserTcp.Lab.Tests.Traffic;

/// <summary>A file that servers serve: bytes made by its seed, and their hash.</summary>
internal sealed class Page
{
    public Page(int size, int seed)
    {
        Bytes = new byte[size];
        new Random(seed).NextBytes(Bytes);
        Hash = Convert.ToHexString(SHA256.HashData(Bytes));
        Name = $"{seed}-{size}.bin";
    }

    public string Name { get; }

    public byte[] Bytes { get; }

    /// <summary>SHA-256, in hexadecimal digits.</summary>
    public string Hash { get; }

    public override string ToString() => Name;
}
