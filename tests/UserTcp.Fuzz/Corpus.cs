namespace UserTcp.Fuzz;

/// <summary>The inputs that lie in the repository, all in one file: a length of two bytes before each.</summary>
internal static class Corpus
{
    private const string FileName = "corpus/inputs.bin";

    public static IReadOnlyList<byte[]> Load() => Load(Path.Combine(AppContext.BaseDirectory, FileName));

    public static IReadOnlyList<byte[]> Load(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        var inputs = new List<byte[]>();
        for (int at = 0; at + 2 <= bytes.Length;)
        {
            int length = bytes[at] << 8 | bytes[at + 1];
            inputs.Add(bytes[(at + 2)..(at + 2 + length)]);
            at += 2 + length;
        }

        return inputs;
    }

    public static void Save(string file, IEnumerable<byte[]> inputs)
    {
        using FileStream stream = File.Create(file);
        foreach (byte[] input in inputs)
        {
            stream.WriteByte((byte)(input.Length >> 8));
            stream.WriteByte((byte)input.Length);
            stream.Write(input);
        }
    }
}
