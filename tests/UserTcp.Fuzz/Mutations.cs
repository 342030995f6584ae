using UserTcp.Testing;

namespace UserTcp.Fuzz;

/// <summary>Inputs made from others by chance: the same ones for the same seed.</summary>
internal sealed class Mutations(IReadOnlyList<byte[]> corpus, int seed)
{
    private const int MostChanges = 8;
    private const int UsualLength = 100;
    private const int MostInserted = 24;

    private readonly SeededRandom _random = new((ulong)seed);

    public byte[] Next()
    {
        var bytes = new List<byte>(corpus.Count == 0 ? [] : corpus[_random.Next(corpus.Count)]);
        if (bytes.Count < FuzzSettings.Bytes || Chance(20))
            bytes = Drawn((int)_random.Next(FuzzSettings.Bytes, FuzzRun.MaxInput));
        for (int i = _random.Next(MostChanges); i >= 0; i--)
        {
            Change(bytes);
        }

        // Most are cut: a short execution finds as much as a long one, and there are more of them.
        return [.. bytes.Take(Chance(8) ? FuzzRun.MaxInput : UsualLength)];
    }

    private void Change(List<byte> bytes)
    {
        int at = _random.Next(bytes.Count);
        switch (_random.Next(6))
        {
            case 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.InsertRange(at, Drawn((int)_random.Next(1, MostInserted)));
                break;
            case 3 when bytes.Count > FuzzSettings.Bytes + 1:
                bytes.RemoveRange(at, Math.Min((int)_random.Next(1, MostInserted), bytes.Count - at));
                if (bytes.Count == 0)
                    bytes.Add(0);
                break;
            case 4 when corpus.Count > 0: // go on as another one does
                byte[] other = corpus[_random.Next(corpus.Count)];
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other.Skip(Math.Min(at, other.Length - 1)));
                break;
            default: // the same again
                int length = Math.Min((int)_random.Next(1, MostInserted), bytes.Count - at);
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
        }
    }

    private List<byte> Drawn(int count)
    {
        var bytes = new List<byte>(count);
        for (int i = 0; i < count; i++)
        {
            bytes.Add((byte)_random.Next(256));
        }

        return bytes;
    }

    private bool Chance(int one) => _random.Next(one) == 0;
}
