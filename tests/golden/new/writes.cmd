$ bsnc new my-first.net --template mlp
